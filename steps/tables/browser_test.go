package tables

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/report/page/pagetest"
)

// TestSiteInABrowser opens the site from files, without a server.
func TestSiteInABrowser(t *testing.T) {
	t.Parallel()
	ctx := pagetest.NewTab(t)
	s := read(t)
	s.Reports = []*report.Report{s.reportOf(plan.SeatServer, "example-server", allFronts, nil)}
	dir := t.TempDir()
	for name, text := range site(t, s, nil) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	root := "file://" + dir + "/"
	requests := pagetest.Requests(t, ctx)
	open := func(name string) {
		t.Helper()
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(root+name)); err != nil {
			t.Fatal(err)
		}
	}
	open(indexFile)
	t.Logf("the index is loaded after %.0f ms", pagetest.Evaluate[float64](t, ctx, `performance.timing.loadEventEnd - performance.timing.navigationStart`))
	t.Run("search", func(t *testing.T) { checkSearch(t, ctx) })
	t.Run("links", func(t *testing.T) {
		open(indexFile + "#PA-034")
		pagetest.Await(t, ctx, `document.getElementById("PA-034").checkVisibility()`)
		pagetest.Evaluate[int](t, ctx, `document.querySelector("#PA-034 a").click(), 0`)
		pagetest.Await(t, ctx, `document.querySelector("article#PA-034:target") !== null`)
	})
	t.Run("keyboard", func(t *testing.T) {
		open(indexFile)
		checkKeyboard(t, ctx)
	})
	for _, name := range []string{indexFile, "proxied-usernames.html", "oauth-overview.html", tablesFile} {
		t.Run("phone "+name, func(t *testing.T) {
			open(name)
			checkPhone(t, ctx)
		})
	}
	t.Run("dark", func(t *testing.T) {
		open("proxied-usernames.html")
		checkDark(t, ctx)
	})
	requested := requests()
	for _, url := range requested {
		if !strings.HasPrefix(url, root) && !strings.HasPrefix(url, "data:") {
			t.Errorf("the site requests %s", url)
		}
	}
	if len(requested) < 7 {
		t.Errorf("%d requests were seen, fewer than pages were opened: the test proves nothing", len(requested))
	}
}

// search enters words into the search and waits for the answer.
func search(t *testing.T, ctx context.Context, words string) {
	t.Helper()
	pagetest.Evaluate[int](t, ctx, `n.textContent = "", q.value = "`+words+`", q.dispatchEvent(new Event("input", {bubbles: true})), 0`)
	pagetest.Await(t, ctx, `n.textContent == document.querySelectorAll(".i:not([hidden])").length + " of " + document.querySelectorAll(".i").length + " rules"`)
}

func checkSearch(t *testing.T, ctx context.Context) {
	const shown = `[...document.querySelectorAll(".i:not([hidden])")].filter((e) => e.checkVisibility()).map((e) => e.id).join(" ")`
	for words, want := range map[string]string{
		"pa-034":                           "PA-034",
		"user created Server prohibition":  "PA-143",
		"refuses to associate integration": "OI-111 OI-112 OI-113", // of the title of a scenario
		"no such words":                    "",
	} {
		search(t, ctx, words)
		if got := pagetest.Evaluate[string](t, ctx, shown); got != want {
			t.Errorf("the search for %q shows %q, want %q", words, got, want)
		}
	}
	pagetest.Evaluate[int](t, ctx, `document.querySelector(".filter").reset(), 0`)
	pagetest.Await(t, ctx, `document.querySelectorAll(".i[hidden]").length == 0 && n.textContent == ""`)
	pagetest.Evaluate[int](t, ctx, `p.value = "not proved", p.dispatchEvent(new Event("input", {bubbles: true})), 0`)
	pagetest.Await(t, ctx, `n.textContent != ""`)
	if !pagetest.Evaluate[bool](t, ctx, `[...document.querySelectorAll(".i:not([hidden])")].every((e) => e.innerText.includes("not proved"))`) {
		t.Error("the filter by result shows other results")
	}
}

// checkKeyboard reaches the search with the tab key, and the first rule found with the return key.
func checkKeyboard(t *testing.T, ctx context.Context) {
	var visited []string
	for range 7 {
		if err := chromedp.Do(ctx, chromedp.KeyEvent(kb.Tab)); err != nil {
			t.Fatal(err)
		}
		visited = append(visited, pagetest.Evaluate[string](t, ctx, `document.activeElement.id || document.activeElement.textContent.trim()`))
	}
	if order := strings.Join(visited, "; "); order != "Skip to the content; Countersign; Search the rules; Tables; q; p; Clear" {
		t.Errorf("the tab key visits %s", order)
	}
	pagetest.Evaluate[int](t, ctx, `q.focus(), 0`)
	if err := chromedp.Do(ctx, chromedp.KeyEvent("pa-035"+kb.Enter)); err != nil {
		t.Fatal(err)
	}
	pagetest.Await(t, ctx, `document.activeElement.textContent == "PA-035"`)
	if got := pagetest.Evaluate[int](t, ctx, `[...document.querySelectorAll("input, select, output")].filter((e) => !e.labels?.length && !e.ariaLive).length`); got != 0 {
		t.Errorf("%d fields have no label", got)
	}
}

// checkPhone opens everything on a small screen.
func checkPhone(t *testing.T, ctx context.Context) {
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(360, 740)); err != nil {
		t.Fatal(err)
	}
	pagetest.Evaluate[int](t, ctx, `document.querySelectorAll("details").forEach((d) => { d.open = true }), 0`)
	if got := pagetest.Evaluate[int](t, ctx, `document.documentElement.scrollWidth`); got > 360 {
		widest := pagetest.Evaluate[string](t, ctx, `[...document.querySelectorAll("main *")].filter((e) => e.getBoundingClientRect().right > 361 && !e.closest(".scroll, pre")).slice(0, 3).map((e) => e.outerHTML.slice(0, 120)).join("\n")`)
		t.Errorf("the page is %d pixels wide on a screen of 360:\n%s", got, widest)
	}
}

// checkDark requires that the background and the text follow the preference for dark colours, with a
// contrast of at least 4.5 (WCAG 2.2, 1.4.3).
func checkDark(t *testing.T, ctx context.Context) {
	const contrast = `(() => {
	  const light = (rgb) => { const [r, g, b] = rgb.match(/[\d.]+/g).map((v) => v / 255).map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b };
	  const ground = light(getComputedStyle(document.querySelector(".card")).backgroundColor);
	  document.querySelectorAll("details").forEach((d) => { d.open = true });
	  return Math.min(...[...document.querySelectorAll(".card h2, .card .source, .card .id, .card .st, .gherkin, .gherkin span")].map((e) => {
	    const text = light(getComputedStyle(e).color);
	    return (Math.max(text, ground) + .05) / (Math.min(text, ground) + .05);
	  }));
	})()`
	for _, scheme := range []string{"light", "dark"} {
		pagetest.PreferScheme(t, ctx, scheme)
		isDark := pagetest.Evaluate[bool](t, ctx, `getComputedStyle(document.body).backgroundColor.match(/\d+/g).every((v) => v < 60)`)
		if isDark != (scheme == "dark") {
			t.Errorf("with the preference for %s, the page is dark: %v", scheme, isDark)
		}
		if got := pagetest.Evaluate[float64](t, ctx, contrast); got < 4.5 {
			t.Errorf("with the preference for %s, the least contrast is %.1f", scheme, got)
		}
	}
}
