package pagemap

import (
	"os"
	"testing"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// callsAtStart is how often the kernel was asked for memory before any test ran.
var callsAtStart uint64

func TestMain(m *testing.M) {
	callsAtStart = metadata.Space.Calls(vm.OpMap)
	os.Exit(m.Run())
}

func TestImportCostsNothing(t *testing.T) {
	if callsAtStart != 0 {
		t.Errorf("%d mappings were made before the first Reserve", callsAtStart)
	}
}
