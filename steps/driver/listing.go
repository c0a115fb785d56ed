package driver

import (
	"context"
	"net/url"
	"strconv"
)

// Bounds of listings.
const (
	pageSize = "500" // the maximum of the API
	maxPages = 40
)

// findListed returns the entries of a listing for which wanted reports true. It reads the
// entries with the prefix and, if they need more than one page, the whole listing.
func findListed[T any](ctx context.Context, p *Persona, path, prefix string, wanted func(T) bool) ([]T, error) {
	all, whole, err := readListing[T](ctx, p, path, url.Values{"prefix": {prefix}}, 1)
	if err == nil && !whole {
		all, _, err = readListing[T](ctx, p, path, nil, maxPages)
	}
	var found []T
	for _, one := range all {
		if wanted(one) {
			found = append(found, one)
		}
	}
	return found, err
}

// readListing reads at most the given number of pages of a listing. whole reports whether it
// read all of them. It returns an error if a page is not a listing, or if pages is greater
// than 1 and the listing does not end within them.
func readListing[T any](ctx context.Context, p *Persona, path string, query url.Values, pages int) (all []T, whole bool, err error) {
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
	return nil, false, &NoAnswer{Op: "read a listing", BySubject: true, Err: publicError("it does not end after " + strconv.Itoa(pages) + " pages")}
}
