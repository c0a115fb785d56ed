package web

import "net/http"

// openAPI writes the document that describes this interface. Connect publishes its own document elsewhere; the path is
// a choice of this server.
func (s *Server) openAPI(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "application/yaml") // RFC 9512
	h.Set("X-Content-Type-Options", "nosniff")
	w.Write(s.Document) //nolint:errcheck // the client is gone
	return nil
}
