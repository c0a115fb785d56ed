package driver_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"countersign/steps/driver"
)

func TestGroupRequests(t *testing.T) {
	t.Parallel()
	var j journal
	s := subjectAt(t, serve(t, j.handle(func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, 200, map[string]any{}) })))
	p := driver.NewKeyHolder(s, "operator", "k")
	ctx := t.Context()
	for _, c := range []struct {
		do   func() (*driver.Reply, error)
		want string
	}{
		{func() (*driver.Reply, error) { return p.CreateGroup(ctx, "eng", "") }, `POST /__api__/v1/groups {"name":"eng"}`},
		{func() (*driver.Reply, error) { return p.CreateGroup(ctx, "eng", "g-1") }, `POST /__api__/v1/groups {"name":"eng","unique_id":"g-1"}`},
		{func() (*driver.Reply, error) { return p.RenameGroup(ctx, "a/b", "ops") }, `POST /__api__/v1/groups/a%2Fb {"name":"ops"}`},
		{func() (*driver.Reply, error) { return p.Group(ctx, "a") }, `GET /__api__/v1/groups/a `},
		{func() (*driver.Reply, error) { return p.DeleteGroup(ctx, "a") }, `DELETE /__api__/v1/groups/a `},
		{func() (*driver.Reply, error) { return p.AddMember(ctx, "a", "u") }, `POST /__api__/v1/groups/a/members {"user_guid":"u"}`},
		{func() (*driver.Reply, error) { return p.RemoveMember(ctx, "a", "u") }, `DELETE /__api__/v1/groups/a/members/u `},
		{func() (*driver.Reply, error) { return p.PermitGroup(ctx, "c", "a", "viewer") }, `POST /__api__/v1/content/c/permissions {"principal_guid":"a","principal_type":"group","role":"viewer"}`},
	} {
		if _, err := c.do(); err != nil {
			t.Fatal(err)
		}
		if got := j.last(); got.Method+" "+got.URI+" "+got.Body != c.want {
			t.Errorf("got %s %s %s, want %s", got.Method, got.URI, got.Body, c.want)
		}
	}
}

// TestListings reads a listing of 3 pages from a server that filters by prefix and from one that
// does not.
func TestListings(t *testing.T) {
	t.Parallel()
	all := []string{"ana", "an", "ana-1", "ana-2", "an", "bob", "ana-3"}
	for _, c := range []struct {
		name            string
		prefix, endless bool
	}{{"prefix honoured", true, false}, {"prefix ignored", false, false}, {"endless", false, true}} {
		s := subjectAt(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
			var names []string
			for _, n := range all {
				if !c.prefix || strings.HasPrefix(n, r.URL.Query().Get("prefix")) {
					names = append(names, n)
				}
			}
			number, _ := strconv.Atoi(r.URL.Query().Get("page_number"))
			total, from, results := len(names), (number-1)*3, []any{}
			if c.endless {
				total, from = 1<<30, 0
			}
			for i := from; i < min(from+3, len(names)); i++ {
				results = append(results, map[string]any{"guid": fmt.Sprint(i), "name": names[i], "username": names[i]})
			}
			answerJSON(w, 200, map[string]any{"results": results, "current_page": number, "total": total})
		}))
		p := alice(s, nil)
		groups, err := p.FindGroups(t.Context(), "an")
		if c.endless {
			if err == nil {
				t.Errorf("%s: got %v, want an error", c.name, groups)
			}
			continue
		}
		if err != nil || len(groups) != 2 {
			t.Errorf("%s: got %v, %v", c.name, groups, err)
		}
		withPrefix, err := p.GroupsWithPrefix(t.Context(), "ana-")
		var names []string
		for _, g := range withPrefix {
			names = append(names, g.Name)
		}
		if diff := cmp.Diff([]string{"ana-1", "ana-2", "ana-3"}, names); diff != "" || err != nil {
			t.Errorf("%s (-want +got):\n%s%v", c.name, diff, err)
		}
		if n, err := p.CountUsers(t.Context(), "an"); n != 2 || err != nil {
			t.Errorf("%s: got %d users, %v", c.name, n, err)
		}
		if users, err := p.Members(t.Context(), "g"); err != nil || len(users) != len(all) {
			t.Errorf("%s: got %d members, %v", c.name, len(users), err)
		}
	}
}

// TestListingsThatAreNone checks that replies without a listing are errors.
func TestListingsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, body := range []any{map[string]any{}, map[string]any{"results": nil, "total": 0}, []any{}, "no"} {
		s := subjectAt(t, serve(t, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, 200, body) }))
		p := alice(s, nil)
		if got, err := p.FindGroups(t.Context(), "x"); err == nil {
			t.Errorf("%v: groups %v", body, got)
		}
		if got, err := p.Members(t.Context(), "x"); err == nil {
			t.Errorf("%v: members %v", body, got)
		}
		if _, isList := body.([]any); isList {
			continue
		}
		if got, err := p.Permissions(t.Context(), "x"); err == nil {
			t.Errorf("%v: access list %v", body, got)
		}
	}
}
