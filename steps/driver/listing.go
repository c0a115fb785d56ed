package driver

import (
	"context"
	"net/url"
	"strconv"
)

// Bounds of listings.
const (
	pageSize = "500" // the largest that the API gives
	maxPages = 40
)

// matching returns what a listing holds that is wanted: it looks among what has a prefix,
// and if there is more of that than one page shows, in the whole listing.
func matching[T any](ctx context.Context, p *Persona, path, prefix string, wanted func(T) bool) ([]T, error) {
	all, whole, err := listed[T](ctx, p, path, url.Values{"prefix": {prefix}}, 1)
	if err == nil && !whole {
		all, _, err = listed[T](ctx, p, path, nil, maxPages)
	}
	var found []T
	for _, one := range all {
		if wanted(one) {
			found = append(found, one)
		}
	}
	return found, err
}

// listed reads up to so many pages of a listing. whole is false where one page was asked
// for and there are more; where a listing of many pages does not end, that is an error, as
// is a page that is none.
func listed[T any](ctx context.Context, p *Persona, path string, query url.Values, pages int) (all []T, whole bool, err error) {
	if query == nil {
		query = url.Values{}
	}
	query.Set("page_size", pageSize)
	for number := 1; number <= pages; number++ {
		query.Set("page_number", strconv.Itoa(number))
		reply, err := p.Get(ctx, path+"?"+query.Encode())
		if err != nil {
			return nil, false, err
		}
		var page struct {
			Results []T `json:"results"`
			Total   int `json:"total"`
		}
		if !reply.Is(2) || reply.Decode(&page) != nil || page.Results == nil {
			return nil, false, unusable(reply, "read a listing")
		}
		all = append(all, page.Results...)
		if len(page.Results) == 0 || len(all) >= page.Total {
			return all, true, nil
		}
	}
	if pages == 1 {
		return all, false, nil
	}
	return nil, false, &NoAnswer{Op: "read a listing", BySubject: true, Err: described("it does not end after " + strconv.Itoa(pages) + " pages")}
}
