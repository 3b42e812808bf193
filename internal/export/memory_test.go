package export_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"mithaq/internal/export"
	"mithaq/internal/feature"
	"mithaq/internal/registry"
)

// TestMemoryDoesNotGrowWithRows writes rows of which all together are far above the bound, and looks at the heap on the way.
func TestMemoryDoesNotGrowWithRows(t *testing.T) {
	const n, bound = 20_000, 64 << 20
	one := made(t, feature.Sites, "site", orb.Point{-9.5, 29.5}, map[string]any{"name": strings.Repeat("Zone artisanale et de services. ", 300)})
	for _, f := range plain() {
		t.Run(f.ID, func(t *testing.T) {
			emptyTemp(t)
			var before, now runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			most := uint64(0)
			err := export.Write(f.ID, io.Discard, document(feature.Sites), func(_ export.Layer, yield func(registry.Feature) error) error {
				for i := range n {
					one := one
					one.ID = fmt.Sprintf("site-%06d", i)
					if err := yield(one); err != nil {
						return err
					}
					if i%(n/5) == n/5-1 {
						runtime.GC()
						runtime.ReadMemStats(&now)
						most = max(most, now.HeapAlloc-min(now.HeapAlloc, before.HeapAlloc))
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if most > bound {
				t.Errorf("%d rows of %d bytes hold %d MiB of heap", n, len(one.JSON), most>>20)
			}
		})
	}
}
