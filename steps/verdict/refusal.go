package verdict

// A Refusal is a reply with which the system under test refused a request, where a rule requires
// that it does.
type Refusal struct {
	Method string `json:"method"`
	Route  string `json:"route"`          // the path, with * for each segment that names an object
	Status int    `json:"status"`         // of HTTP: 4xx or 501
	Code   *int64 `json:"code,omitempty"` // the member code of the body, nil if it has none
}

// Equal reports whether both refusals have the same values.
func (r Refusal) Equal(o Refusal) bool {
	same := r.Method == o.Method && r.Route == o.Route && r.Status == o.Status && (r.Code == nil) == (o.Code == nil)
	return same && (r.Code == nil || *r.Code == *o.Code)
}
