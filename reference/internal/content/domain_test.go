package content_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countersign/reference/internal/content"
	"countersign/reference/internal/content/contenttest"
)

func TestMain(m *testing.M) {
	contenttest.Main()
	os.Exit(m.Run())
}

func TestModes(t *testing.T) {
	t.Parallel()
	// The published lists of interactive and rendered modes, with those that no client lists.
	want := map[content.Class]string{
		content.ClassInteractive: "api jupyter-voila python-api python-bokeh python-dash python-fastapi python-shiny python-streamlit " +
			"quarto-shiny rmd-shiny shiny tensorflow-saved-model python-gradio python-panel nodejs nodejs-api",
		content.ClassRendered: "rmd-static jupyter-static quarto-static",
		content.ClassStatic:   "static",
	}
	for class, modes := range want {
		for name := range strings.FieldsSeq(modes) {
			mode, ok := content.ParseMode(name)
			if !ok || mode.Class() != class {
				t.Errorf("ParseMode(%q) = %q, %v of class %q; want class %q", name, mode, ok, mode.Class(), class)
			}
		}
	}
	for _, name := range []string{"", "unknown", "Shiny", "python", "static "} {
		if mode, ok := content.ParseMode(name); ok || mode.Class() != content.ClassUnknown {
			t.Errorf("ParseMode(%q) was accepted as %q", name, mode)
		}
	}
}

func TestRoleOf(t *testing.T) {
	t.Parallel()
	user := func(guid string, role content.PermissionRole) content.Permission {
		return content.Permission{PrincipalGUID: guid, PrincipalType: content.PrincipalUser, Role: role}
	}
	group := func(guid string, role content.PermissionRole) content.Permission {
		return content.Permission{PrincipalGUID: guid, PrincipalType: content.PrincipalGroup, Role: role}
	}
	viewer, publisher, admin := content.Visitor{UserGUID: "u"}, content.Visitor{UserGUID: "u", Publisher: true}, content.Visitor{UserGUID: "u", Publisher: true, Admin: true}
	member := content.Visitor{UserGUID: "u", Groups: []string{"g"}}
	tests := []struct {
		name        string
		owner       string
		access      content.Access
		permissions []content.Permission
		visitor     content.Visitor
		want        content.AppRole
		edits       bool
	}{
		{"anonymous on acl", "o", content.AccessACL, nil, content.Visitor{}, content.AppNone, false},
		{"anonymous on logged_in", "o", content.AccessLoggedIn, nil, content.Visitor{}, content.AppNone, false},
		{"anonymous on all", "o", content.AccessAll, nil, content.Visitor{}, content.AppViewer, false},
		{"anonymous with a permission of nobody", "o", content.AccessACL, []content.Permission{user("", content.RoleViewer)}, content.Visitor{}, content.AppNone, false},
		{"user on acl", "o", content.AccessACL, nil, viewer, content.AppNone, false},
		{"user on logged_in", "o", content.AccessLoggedIn, nil, viewer, content.AppViewer, false},
		{"user on all", "o", content.AccessAll, nil, viewer, content.AppViewer, false},
		{"permitted", "o", content.AccessACL, []content.Permission{user("u", content.RoleViewer)}, viewer, content.AppViewer, false},
		{"another's permission", "o", content.AccessACL, []content.Permission{user("x", content.RoleViewer)}, viewer, content.AppNone, false},
		{"permitted by group", "o", content.AccessACL, []content.Permission{group("g", content.RoleViewer)}, member, content.AppViewer, false},
		{"a group's guid is no user's", "o", content.AccessACL, []content.Permission{group("u", content.RoleViewer)}, viewer, content.AppNone, false},
		{"collaborator", "o", content.AccessACL, []content.Permission{user("u", content.RoleCollaborator)}, publisher, content.AppEditor, true},
		{"collaborator who is a viewer", "o", content.AccessACL, []content.Permission{user("u", content.RoleCollaborator)}, viewer, content.AppViewer, false},
		{"best of several", "o", content.AccessACL, []content.Permission{user("u", content.RoleViewer), group("g", content.RoleCollaborator)},
			content.Visitor{UserGUID: "u", Publisher: true, Groups: []string{"g"}}, content.AppEditor, true},
		{"owner", "u", content.AccessACL, nil, publisher, content.AppOwner, true},
		{"owner who became a viewer", "u", content.AccessACL, nil, viewer, content.AppOwner, false},
		{"administrator without a role", "o", content.AccessACL, nil, admin, content.AppNone, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			item := &content.Item{OwnerGUID: test.owner, Access: test.access}
			got := content.RoleOf(item, test.permissions, test.visitor)
			if got != test.want || got.CanEdit(test.visitor) != test.edits {
				t.Errorf("RoleOf = %q, edits %v; want %q, %v", got, got.CanEdit(test.visitor), test.want, test.edits)
			}
		})
	}
}

func TestUnpack(t *testing.T) {
	t.Parallel()
	file := func(name string) *tar.Header {
		return &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o755, Size: 1}
	}
	link := func(kind byte, name, to string) *tar.Header {
		return &tar.Header{Name: name, Typeflag: kind, Linkname: to}
	}
	good := contenttest.Bundle(t, "static", map[string]string{"index.html": "x", "sub/dir/a.txt": "a"})
	damaged := bytes.Clone(good)
	damaged[len(damaged)-6] ^= 0xff // in gzip's checksum
	bomb := headerOnly(t, &tar.Header{Name: "zeros", Typeflag: tar.TypeReg, Size: 300 << 20})
	tests := []struct {
		name    string
		archive []byte
		want    string // "" = accepted
	}{
		{"files and folders", good, ""},
		{"dot names", contenttest.Archive(t, []*tar.Header{{Name: "./", Typeflag: tar.TypeDir}, file("./a")}, []string{"", "x"}), ""},
		{"nothing at all", nil, "not a gzip"},
		{"no gzip", []byte("hello"), "not a gzip"},
		{"no entries", contenttest.Archive(t, nil, nil), "empty"},
		{"cut short", good[:len(good)/2], "damaged"},
		{"wrong checksum", damaged, "damaged"},
		{"parent folder", contenttest.Archive(t, []*tar.Header{file("../evil")}, []string{"x"}), "leads outside"},
		{"parent in the middle", contenttest.Archive(t, []*tar.Header{file("a/../../evil")}, []string{"x"}), "leads outside"},
		{"absolute", contenttest.Archive(t, []*tar.Header{file("/etc/evil")}, []string{"x"}), "leads outside"},
		{"backslash", contenttest.Archive(t, []*tar.Header{file(`..\evil`)}, []string{"x"}), "leads outside"},
		{"symbolic link", contenttest.Archive(t, []*tar.Header{link(tar.TypeSymlink, "l", "/etc")}, nil), "neither a file"},
		{"hard link", contenttest.Archive(t, []*tar.Header{link(tar.TypeLink, "l", "/etc/passwd")}, nil), "neither a file"},
		{"device", contenttest.Archive(t, []*tar.Header{{Name: "d", Typeflag: tar.TypeChar}}, nil), "neither a file"},
		{"pipe", contenttest.Archive(t, []*tar.Header{{Name: "p", Typeflag: tar.TypeFifo}}, nil), "neither a file"},
		{"the same name twice", contenttest.Archive(t, []*tar.Header{file("a"), file("a")}, []string{"x", "y"}), "clashes"},
		{"a file as a folder", contenttest.Archive(t, []*tar.Header{file("a"), file("a/b")}, []string{"x", "y"}), "clashes"},
		{"too deep", contenttest.Archive(t, []*tar.Header{file(strings.Repeat("d/", 40) + "f")}, []string{"x"}), "too deep"},
		{"bomb", bomb, "bytes unpacked"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "bundle")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			err := content.Unpack(bytes.NewReader(test.archive), dir)
			var refused *content.BundleError
			switch {
			case test.want == "" && err != nil:
				t.Errorf("Unpack: %v", err)
			case test.want != "" && (!errors.As(err, &refused) || !strings.Contains(refused.Problem, test.want)):
				t.Errorf("Unpack = %v, want a BundleError with %q", err, test.want)
			}
			if entries, _ := os.ReadDir(filepath.Dir(dir)); len(entries) != 1 {
				t.Errorf("something was written beside the folder: %v", entries)
			}
		})
	}
}

// headerOnly returns an archive that ends after the header of an entry, because sizes are checked before unpacking.
func headerOnly(t *testing.T, entry *tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	if err := tar.NewWriter(zip).WriteHeader(entry); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadManifest(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"modes", `{"version":1,"metadata":{"appmode":"python-api"},"files":{}}`, ""},
		{"alias", `{"metadata":{"appmode":"nodejs-api"}}`, ""},
		{"not JSON", `appmode: shiny`, "invalid"},
		{"data after it", `{"metadata":{"appmode":"shiny"}} x`, "invalid"},
		{"no metadata", `{"version":1}`, "no known appmode"},
		{"unknown mode", `{"metadata":{"appmode":"cobol"}}`, `no known appmode: "cobol"`},
		{"mode unknown", `{"metadata":{"appmode":"unknown"}}`, "no known appmode"},
		{"primary page outside", `{"metadata":{"appmode":"static","primary_html":"../x.html"}}`, "leads outside"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, content.ManifestName), []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := content.ReadManifest(dir)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("ReadManifest = %v, want %q", err, test.want)
			}
		})
	}
	if _, err := content.ReadManifest(t.TempDir()); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("ReadManifest without one = %v", err)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	ok := content.Item{Name: "abc", Access: content.AccessACL}
	tests := []struct {
		name   string
		change func(*content.Item)
		field  string
	}{
		{"as it is", func(*content.Item) {}, ""},
		{"longest name", func(i *content.Item) { i.Name = strings.Repeat("a", 64) }, ""},
		{"name too short", func(i *content.Item) { i.Name = "ab" }, "name"},
		{"name too long", func(i *content.Item) { i.Name = strings.Repeat("a", 65) }, "name"},
		{"blank in name", func(i *content.Item) { i.Name = "a b c" }, "name"},
		{"line end after name", func(i *content.Item) { i.Name = "abc\n" }, "name"},
		{"title too short", func(i *content.Item) { i.Title = "ab" }, "title"},
		{"description too long", func(i *content.Item) { i.Description = strings.Repeat("é", 4097) }, "description"},
		{"longest description", func(i *content.Item) { i.Description = strings.Repeat("é", 4096) }, ""},
		{"access", func(i *content.Item) { i.Access = "ALL" }, "access_type"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			item := ok
			test.change(&item)
			err := item.Validate()
			var field *content.FieldError
			if test.field == "" && err != nil || test.field != "" && (!errors.As(err, &field) || field.Field != test.field) {
				t.Errorf("Validate = %v, want field %q", err, test.field)
			}
		})
	}
}
