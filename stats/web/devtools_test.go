// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/ashlar-go/ashlar/internal/testbrowser"
)

// A tab is a page in a browser that a test controls, including its keyboard. It uses the
// protocol of Chromium's developer tools: JSON messages on a pipe, each terminated by a
// zero byte.
type tab struct {
	t       *testing.T
	to      io.Writer
	from    *bufio.Reader
	session string
	last    int // number of the last call
}

// openTab opens a page in a headless browser with a screen of the given width.
func openTab(t *testing.T, url string, width int) *tab {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	cmd := exec.CommandContext(ctx, testbrowser.Program(t), append(testbrowser.Arguments(t), "--remote-debugging-pipe", "about:blank")...)
	toRead, to := pipe(t) // file 3 of the browser
	from, fromWrite := pipe(t)
	cmd.ExtraFiles = []*os.File{toRead, fromWrite}
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	toRead.Close()
	fromWrite.Close()
	b := &tab{t: t, to: to, from: bufio.NewReader(from)}
	t.Cleanup(func() { // the browser must exit by itself: after a kill, its children go on writing files
		_, _ = fmt.Fprintf(to, `{"id":0,"method":"Browser.close"}`+"\x00")
		_, _ = io.Copy(io.Discard, b.from)
		_ = cmd.Wait()
		cancel()
	})
	target := b.call("Target.createTarget", map[string]any{"url": "about:blank"})["targetId"]
	b.session = b.call("Target.attachToTarget", map[string]any{"targetId": target, "flatten": true})["sessionId"].(string)
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false})
	// With reduced motion, scrolling to the focused element takes no time.
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]any{{"name": "prefers-reduced-motion", "value": "reduce"}}})
	b.call("Page.navigate", map[string]any{"url": url})
	return b
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// call calls a method of the page, or of the browser if there is no page yet, and returns
// the result.
func (b *tab) call(method string, params map[string]any) map[string]any {
	b.t.Helper()
	b.last++
	message := map[string]any{"id": b.last, "method": method, "params": params}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	text, err := json.Marshal(message)
	if err == nil {
		_, err = b.to.Write(append(text, 0))
	}
	for err == nil {
		if text, err = b.from.ReadBytes(0); err != nil {
			break
		}
		var answer struct {
			ID     int
			Result map[string]any
			Error  any
		}
		if err = json.Unmarshal(text[:len(text)-1], &answer); err == nil && answer.ID == b.last {
			if answer.Error != nil {
				b.t.Fatalf("%s: %v", method, answer.Error)
			}
			return answer.Result
		}
	}
	b.t.Fatalf("%s: %v", method, err)
	return nil
}

// eval returns the value of a JavaScript expression in the page. It awaits a promise.
func (b *tab) eval(expression string) any {
	b.t.Helper()
	result := b.call("Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true})
	if details := result["exceptionDetails"]; details != nil {
		b.t.Fatalf("%s: %v", expression, details)
	}
	return result["result"].(map[string]any)["value"]
}

// until waits until a condition holds in the page. It checks whenever the page draws.
func (b *tab) until(condition string) {
	b.t.Helper()
	if b.eval(fmt.Sprintf(`new Promise(done => {
		const end = Date.now() + 20000;
		const look = () => (%s) ? done(true) : Date.now() > end ? done(false) : setTimeout(look, 20);
		look();
	})`, condition)) != true {
		b.t.Fatalf("the page never satisfies %s; its text is %q", condition, b.eval("document.body && document.body.innerText.slice(0, 2000)"))
	}
}

// keys contains the keys that tests press: their codes, and the text that they produce.
var keys = map[string]struct {
	code int
	text string
}{
	"Tab": {9, ""}, "Enter": {13, "\r"}, " ": {32, " "}, "ArrowRight": {39, ""}, "p": {80, "p"},
}

// The bits of a key event's modifiers.
const (
	control = 2
	shift   = 8
)

// press presses and releases a key.
func (b *tab) press(key string, modifiers int) {
	b.t.Helper()
	k := keys[key]
	params := map[string]any{"type": "keyDown", "key": key, "windowsVirtualKeyCode": k.code, "modifiers": modifiers}
	if key != " " && len(key) > 1 {
		params["code"] = key
	}
	if k.text != "" && modifiers&control == 0 {
		params["text"] = k.text
	}
	b.call("Input.dispatchKeyEvent", params)
	params["type"] = "keyUp"
	delete(params, "text")
	b.call("Input.dispatchKeyEvent", params)
}
