package web

import (
	"net/http"

	"countersign/reference/internal/account"
)

// groupView is a group in the form of the API. OwnerGUID is null for groups that automatic provisioning created.
type groupView struct {
	GUID      string  `json:"guid"`
	Name      string  `json:"name"`
	OwnerGUID *string `json:"owner_guid"`
}

func viewGroup(g account.Group) groupView {
	v := groupView{GUID: g.GUID, Name: g.Name}
	if g.OwnerGUID != "" {
		v.OwnerGUID = &g.OwnerGUID
	}
	return v
}

func (s *Server) listGroups(w http.ResponseWriter, r *http.Request) error {
	number, size, err := pageOf(r, 20)
	if err != nil {
		return err
	}
	q := account.GroupQuery{Prefix: r.URL.Query().Get("prefix"), Limit: size, Offset: (number - 1) * size}
	if q.Desc, err = descending(r); err != nil {
		return err
	}
	groups, total, err := s.Accounts.ListGroups(r.Context(), q)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, paged{viewsOf(groups, viewGroup), number, total})
}

func (s *Server) createGroup(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r)
	var in struct {
		Name     string  `json:"name"`
		UniqueID *string `json:"unique_id"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	n := account.NewGroup{Name: in.Name, UniqueIDGiven: in.UniqueID != nil}
	if in.UniqueID != nil {
		n.UniqueID = *in.UniqueID
	}
	g, err := s.Accounts.CreateGroup(r.Context(), c.actor(), n)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewGroup(g))
}

func (s *Server) getGroup(w http.ResponseWriter, r *http.Request) error {
	g, err := s.Accounts.FindGroup(r.Context(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewGroup(g))
}

func (s *Server) updateGroup(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r)
	var in struct {
		Name      *string `json:"name"`
		OwnerGUID *string `json:"owner_guid"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	g, err := s.Accounts.ChangeGroup(r.Context(), c.actor(), r.PathValue("guid"), in.Name, in.OwnerGUID)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewGroup(g))
}

func (s *Server) deleteGroup(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r)
	return noContent(w, s.Accounts.DeleteGroup(r.Context(), c.actor(), r.PathValue("guid")))
}

func (s *Server) listMembers(w http.ResponseWriter, r *http.Request) error {
	number, size, err := pageOf(r, 10)
	if err != nil {
		return err
	}
	users, total, err := s.Accounts.Members(r.Context(), r.PathValue("guid"), size, (number-1)*size)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, paged{s.userViews(callerOf(r), users), number, total})
}

func (s *Server) addMember(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r)
	var in struct {
		UserGUID string `json:"user_guid"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	return noContent(w, s.Accounts.AddMember(r.Context(), c.actor(), r.PathValue("guid"), in.UserGUID))
}

func (s *Server) removeMember(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r)
	return noContent(w, s.Accounts.RemoveMember(r.Context(), c.actor(), r.PathValue("guid"), r.PathValue("user")))
}
