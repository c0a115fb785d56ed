package fakeidp

import (
	"fmt"
	"testing"
)

func TestLedger(t *testing.T) {
	t.Parallel()
	key := func(n int) digest { return digestOf(fmt.Sprint(n)) }
	never := func(int) bool { return false }

	t.Run("forgets the oldest beyond its bound", func(t *testing.T) {
		l := newLedger[int](3)
		for n := range 1000 {
			l.put(key(n), n, never)
			if len(l.values) > 3 || len(l.order) > 8 {
				t.Fatalf("after %d: %d values, %d in order", n, len(l.values), len(l.order))
			}
		}
		for n, want := range map[int]bool{996: false, 997: true, 999: true} {
			if _, ok := l.get(key(n)); ok != want {
				t.Errorf("%d: %v, want %v", n, ok, want)
			}
		}
	})
	t.Run("forgets what is over, and only that", func(t *testing.T) {
		l := newLedger[int](100)
		for n := range 10 {
			l.put(key(n), n, never)
		}
		l.put(key(10), 10, func(n int) bool { return n < 4 })
		for n := range 11 {
			if _, ok := l.get(key(n)); ok != (n >= 4) {
				t.Errorf("%d: %v", n, ok)
			}
		}
	})
	t.Run("takes once", func(t *testing.T) {
		l := newLedger[int](100)
		l.put(key(1), 1, never)
		if v, ok := l.take(key(1)); !ok || v != 1 {
			t.Errorf("got %d, %v", v, ok)
		}
		if _, ok := l.take(key(1)); ok {
			t.Error("taken twice")
		}
		l.put(key(2), 2, never)
		if len(l.order)-l.head != 1 {
			t.Errorf("a taken value is still in order: %v", l.order)
		}
	})
}
