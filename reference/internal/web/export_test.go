package web

// Routes returns the pattern of each route with the role that it requires, or "anyone".
func (s *Server) Routes() map[string]string {
	routes := map[string]string{}
	for _, r := range s.served {
		routes[r.pattern] = string(r.need)
		if r.need == anyone {
			routes[r.pattern] = "anyone"
		}
	}
	return routes
}
