package page_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"countersign/steps/report/page/pagetest"
)

// TestPageInABrowser opens a page with 5,000 results in a browser.
func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	ctx := pagetest.NewTab(t)
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, []byte(write(t, sample(t, 5000, nil), nil)), 0o644); err != nil {
		t.Fatal(err)
	}
	requests := pagetest.Requests(t, ctx)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate("file://"+file)); err != nil {
		t.Fatal(err)
	}
	t.Logf("5,000 results are loaded after %.0f ms", pagetest.Evaluate[float64](t, ctx, `performance.timing.loadEventEnd - performance.timing.navigationStart`))
	t.Run("verdict", func(t *testing.T) {
		if got := pagetest.Evaluate[string](t, ctx, `document.querySelector("h1").innerText`); !strings.Contains(got, "DOES NOT CONFORM") {
			t.Errorf("the heading is %q", got)
		}
		if got := pagetest.Evaluate[string](t, ctx, `document.title`); !strings.HasPrefix(got, "DOES NOT CONFORM: example-server 2.0") {
			t.Errorf("the title is %q", got)
		}
	})
	t.Run("filter", func(t *testing.T) { checkFilter(t, ctx) })
	t.Run("links", func(t *testing.T) {
		pagetest.Evaluate[int](t, ctx, `location.hash = "PA-034", 0`)
		pagetest.Await(t, ctx, `document.getElementById("PA-034").checkVisibility()`)
	})
	t.Run("keyboard", func(t *testing.T) { checkKeyboard(t, ctx, "file://"+file) })
	t.Run("phone", func(t *testing.T) {
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(360, 740)); err != nil {
			t.Fatal(err)
		}
		pagetest.Evaluate[int](t, ctx, `document.querySelectorAll("details").forEach((d) => { d.open = true }), 0`)
		if got := pagetest.Evaluate[int](t, ctx, `document.documentElement.scrollWidth`); got > 360 {
			t.Errorf("the page is %d pixels wide on a screen of 360", got)
		}
	})
	requested := requests()
	for _, url := range requested {
		if url != "file://"+file && !strings.HasPrefix(url, "file://"+file+"#") && !strings.HasPrefix(url, "data:") {
			t.Errorf("the page requests %s", url)
		}
	}
	if len(requested) == 0 {
		t.Error("no request was seen, not even that of the page: the test proves nothing")
	}
}

// checkKeyboard moves through the page with the tab key, and opens a group with the return key.
func checkKeyboard(t *testing.T, ctx context.Context, url string) {
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	var visited []string
	for range 12 {
		if err := chromedp.Do(ctx, chromedp.KeyEvent(kb.Tab)); err != nil {
			t.Fatal(err)
		}
		visited = append(visited, pagetest.Evaluate[string](t, ctx, `document.activeElement.id || document.activeElement.textContent.trim()`))
	}
	order := strings.Join(visited, "; ")
	if !strings.HasPrefix(order, "Skip to the results; Violations; ") || !strings.Contains(order, "; q; r; f; o; Clear") {
		t.Errorf("the tab key visits %s", order)
	}
	pagetest.Evaluate[int](t, ctx, `document.querySelector("#scenarios summary").focus(), 0`)
	if err := chromedp.Do(ctx, chromedp.KeyEvent(kb.Enter)); err != nil {
		t.Fatal(err)
	}
	pagetest.Await(t, ctx, `document.querySelector("#scenarios details").open`)
	if got := pagetest.Evaluate[int](t, ctx, `[...document.querySelectorAll("input, select, output")].filter((e) => !e.labels?.length && !e.ariaLive).length`); got != 0 {
		t.Errorf("%d fields have no label", got)
	}
}

// checkFilter uses each field of the filter.
func checkFilter(t *testing.T, ctx context.Context) {
	const shown = `document.querySelectorAll("#scenarios .i:not([hidden])").length`
	for _, tt := range []struct{ field, value, want string }{
		{"r", "PA-034", `[...document.querySelectorAll("#scenarios .i:not([hidden])")].every((e) => e.dataset.r == "PA-034")`},
		{"f", "nginx", `[...document.querySelectorAll("#scenarios .i:not([hidden])")].every((e) => e.dataset.f == "nginx")`},
		{"o", "fail", `[...document.querySelectorAll("#scenarios .i:not([hidden])")].every((e) => e.innerText.includes("✗ fail"))`},
		{"q", "number 1234 ", shown + " == 1"},
	} {
		pagetest.Evaluate[int](t, ctx, `document.getElementById("`+tt.field+`").value = "`+tt.value+`", document.getElementById("`+tt.field+`").dispatchEvent(new Event("input", {bubbles: true})), 0`)
		pagetest.Await(t, ctx, `document.getElementById("n").textContent == `+shown+` + " of 5000 scenarios"`)
		if n := pagetest.Evaluate[int](t, ctx, shown); n == 0 || n >= 5000 {
			t.Errorf("with %s = %q the page shows %d scenarios", tt.field, tt.value, n)
		}
		if !pagetest.Evaluate[bool](t, ctx, tt.want) {
			t.Errorf("with %s = %q, %s is false", tt.field, tt.value, tt.want)
		}
		pagetest.Evaluate[int](t, ctx, `document.querySelector(".filter").reset(), 0`)
		pagetest.Await(t, ctx, shown+" == 5000")
	}
}
