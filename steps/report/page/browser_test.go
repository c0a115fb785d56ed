package page_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// newTab opens a tab of a headless browser.
func newTab(t *testing.T) context.Context {
	t.Helper()
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && browser == "" {
			browser = found
		}
	}
	switch {
	case browser == "" && os.Getenv("CI") == "true":
		t.Fatal("CI is true, and there is no browser; install the Debian package chromium")
	case browser == "":
		t.Skip("NOT RUN: there is no browser; install the Debian package chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.ExecPath(browser))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", browser, err)
	}
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// evaluate returns the value of a JavaScript expression.
func evaluate[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// await waits until a JavaScript expression is true.
func await(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !evaluate[bool](t, ctx, expression); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s is false", expression)
		}
	}
}

// TestPageInABrowser opens a page with 5,000 results in a browser.
func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	ctx := newTab(t)
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, []byte(write(t, sample(t, 5000, nil), nil)), 0o644); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var requests []string
	if err := chromedp.Listen(ctx, func(ev any) {
		if sent, ok := ev.(*network.EventRequestWillBeSent); ok {
			mu.Lock()
			requests = append(requests, sent.Request.URL)
			mu.Unlock()
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate("file://"+file)); err != nil {
		t.Fatal(err)
	}
	t.Logf("5,000 results are loaded after %.0f ms", evaluate[float64](t, ctx, `performance.timing.loadEventEnd - performance.timing.navigationStart`))
	t.Run("verdict", func(t *testing.T) {
		if got := evaluate[string](t, ctx, `document.querySelector("h1").innerText`); !strings.Contains(got, "DOES NOT CONFORM") {
			t.Errorf("the heading is %q", got)
		}
		if got := evaluate[string](t, ctx, `document.title`); !strings.HasPrefix(got, "DOES NOT CONFORM: example-server 2.0") {
			t.Errorf("the title is %q", got)
		}
	})
	t.Run("filter", func(t *testing.T) { checkFilter(t, ctx) })
	t.Run("links", func(t *testing.T) {
		evaluate[int](t, ctx, `location.hash = "PA-034", 0`)
		await(t, ctx, `document.getElementById("PA-034").checkVisibility()`)
	})
	t.Run("keyboard", func(t *testing.T) { checkKeyboard(t, ctx, "file://"+file) })
	t.Run("phone", func(t *testing.T) {
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(360, 740)); err != nil {
			t.Fatal(err)
		}
		evaluate[int](t, ctx, `document.querySelectorAll("details").forEach((d) => { d.open = true }), 0`)
		if got := evaluate[int](t, ctx, `document.documentElement.scrollWidth`); got > 360 {
			t.Errorf("the page is %d pixels wide on a screen of 360", got)
		}
	})
	mu.Lock()
	defer mu.Unlock()
	for _, url := range requests {
		if url != "file://"+file && !strings.HasPrefix(url, "file://"+file+"#") && !strings.HasPrefix(url, "data:") {
			t.Errorf("the page requests %s", url)
		}
	}
	if len(requests) == 0 {
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
		visited = append(visited, evaluate[string](t, ctx, `document.activeElement.id || document.activeElement.textContent.trim()`))
	}
	order := strings.Join(visited, "; ")
	if !strings.HasPrefix(order, "Skip to the results; Violations; ") || !strings.Contains(order, "; q; r; f; o; Clear") {
		t.Errorf("the tab key visits %s", order)
	}
	evaluate[int](t, ctx, `document.querySelector("#scenarios summary").focus(), 0`)
	if err := chromedp.Do(ctx, chromedp.KeyEvent(kb.Enter)); err != nil {
		t.Fatal(err)
	}
	await(t, ctx, `document.querySelector("#scenarios details").open`)
	if got := evaluate[int](t, ctx, `[...document.querySelectorAll("input, select, output")].filter((e) => !e.labels?.length && !e.ariaLive).length`); got != 0 {
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
		evaluate[int](t, ctx, `document.getElementById("`+tt.field+`").value = "`+tt.value+`", document.getElementById("`+tt.field+`").dispatchEvent(new Event("input", {bubbles: true})), 0`)
		await(t, ctx, `document.getElementById("n").textContent == `+shown+` + " of 5000 scenarios"`)
		if n := evaluate[int](t, ctx, shown); n == 0 || n >= 5000 {
			t.Errorf("with %s = %q the page shows %d scenarios", tt.field, tt.value, n)
		}
		if !evaluate[bool](t, ctx, tt.want) {
			t.Errorf("with %s = %q, %s is false", tt.field, tt.value, tt.want)
		}
		evaluate[int](t, ctx, `document.querySelector(".filter").reset(), 0`)
		await(t, ctx, shown+" == 5000")
	}
}
