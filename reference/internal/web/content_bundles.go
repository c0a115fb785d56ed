package web

import (
	"bytes"
	"context"
	"crypto/md5"  //nolint:gosec // the API names bundles by it; nothing rests on it
	"crypto/sha1" //nolint:gosec // likewise
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
	"countersign/reference/internal/dberr"
	"countersign/reference/internal/signature"
)

func (s *Server) uploadBundle(w http.ResponseWriter, r *http.Request) error {
	item, _, err := s.editable(r)
	if err != nil {
		return err
	}
	limitBody(r, uploadTime)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, content.MaxBundle))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return errBundleWrite.withText("The bundle is larger than %d bytes.", int64(content.MaxBundle))
		}
		return errBundleWrite.withCause(err)
	}
	sum := md5.Sum(body) //nolint:gosec // the protocol's choice; it guards against damage only
	if sent := r.Header.Get(signature.ChecksumHeader); sent != "" && !checksumMatches(sent, sum[:]) {
		return errChecksum
	}
	archive, metadata, err := bundleParts(r, body)
	if err != nil {
		return err
	}
	md, sha := md5.Sum(archive), sha1.Sum(archive) //nolint:gosec // names, not protection
	b := &content.Bundle{
		ContentGUID: item.GUID, CreatedBy: callerOf(r).User.GUID, CreatedTime: s.Now(), Size: int64(len(archive)),
		MD5: hex.EncodeToString(md[:]), SHA1: hex.EncodeToString(sha[:]), Metadata: metadata,
	}
	if err := s.Content.CreateBundle(r.Context(), b, archive); err != nil {
		return err
	}
	return s.writeBundle(w, r, item, b)
}

// bundleParts returns the archive in a body. It is the body itself, with any Content-Type, or the part archive of a
// multipart form. The part metadata (JSON), in which rsconnect-python sends data from git, is returned as well.
func bundleParts(r *http.Request, body []byte) ([]byte, map[string]string, error) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" {
		return body, nil, nil
	}
	var archive []byte
	var metadata map[string]string
	parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, errUnreadableBody.withCause(err)
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return nil, nil, errUnreadableBody.withCause(err)
		}
		switch part.FormName() {
		case "archive":
			archive = text
		case "metadata":
			if err := json.Unmarshal(text, &metadata); err != nil {
				return nil, nil, errInvalidJSON.withCause(err)
			}
		}
	}
	if archive == nil {
		return nil, nil, errMissingParameter.withText("The form has no part named archive.")
	}
	return archive, metadata, nil
}

// bundleView returns a bundle in the form of the API.
func (s *Server) bundleView(ctx context.Context, item *content.Item, b *content.Bundle) (map[string]any, error) {
	name := ""
	switch user, err := s.Accounts.FindUser(ctx, b.CreatedBy); {
	case err == nil:
		name = user.Username
	case !errors.Is(err, dberr.NotFound): // if the user was deleted, the bundle remains
		return nil, err
	}
	metadata := map[string]any{"source": nil, "source_repo": nil, "source_branch": nil, "source_commit": nil}
	for key, value := range b.Metadata {
		metadata[key] = value
	}
	metadata["archive_md5"], metadata["archive_sha1"] = b.MD5, b.SHA1
	view := map[string]any{
		"id": strconv.FormatInt(b.ID, 10), "content_guid": b.ContentGUID, "created_time": apiTime(b.CreatedTime),
		"created_by": b.CreatedBy, "created_by_name": name, "created_by_user": true,
		"active": b.ID == item.BundleID, "size": b.Size, "metadata": metadata,
	}
	for _, key := range []string{"cluster_name", "image_name", "environment_guid", "r_version", "r_environment_management",
		"py_version", "py_environment_management", "quarto_version", "node_version"} {
		view[key] = nil
	}
	return view, nil
}

func (s *Server) writeBundle(w http.ResponseWriter, r *http.Request, item *content.Item, b *content.Bundle) error {
	view, err := s.bundleView(r.Context(), item, b)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, view)
}

// bundle returns the bundle in the path, for callers who may change the item.
func (s *Server) bundle(r *http.Request) (*content.Item, *content.Bundle, error) {
	item, _, err := s.editable(r)
	if err != nil {
		return nil, nil, err
	}
	id, err := pathID(r, "id")
	if err != nil {
		return nil, nil, err
	}
	b, err := s.Content.Bundle(r.Context(), item.GUID, id)
	return item, b, err
}

func (s *Server) listBundles(w http.ResponseWriter, r *http.Request) error {
	item, _, err := s.editable(r)
	if err != nil {
		return err
	}
	bundles, err := s.Content.Bundles(r.Context(), item.GUID)
	if err != nil {
		return err
	}
	views := []map[string]any{}
	for _, b := range bundles {
		view, err := s.bundleView(r.Context(), item, b)
		if err != nil {
			return err
		}
		views = append(views, view)
	}
	return writeJSON(w, http.StatusOK, views)
}

func (s *Server) getBundle(w http.ResponseWriter, r *http.Request) error {
	item, b, err := s.bundle(r)
	if err != nil {
		return err
	}
	return s.writeBundle(w, r, item, b)
}

func (s *Server) downloadBundle(w http.ResponseWriter, r *http.Request) error {
	_, b, err := s.bundle(r)
	if err != nil {
		return err
	}
	archive, err := s.Content.Archive(r.Context(), b.ContentGUID, b.ID)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/gzip")
	h.Set("Content-Disposition", `attachment; filename="bundle-`+strconv.FormatInt(b.ID, 10)+`.tar.gz"`)
	w.Write(archive) //nolint:errcheck // the client is gone
	return nil
}

func (s *Server) deleteBundle(w http.ResponseWriter, r *http.Request) error {
	item, b, err := s.bundle(r)
	if err != nil {
		return err
	}
	return noContent(w, s.Content.DeleteBundle(r.Context(), item.GUID, b.ID))
}

// deployBody names the bundle to deploy. null or an empty body means the latest one.
type deployBody struct {
	BundleID *json.RawMessage `json:"bundle_id"`
	Activate *bool            `json:"activate"`
}

func (s *Server) deployContent(w http.ResponseWriter, r *http.Request) error {
	item, _, err := s.editable(r)
	if err != nil {
		return err
	}
	var body deployBody
	if r.ContentLength != 0 {
		if err := decode(w, r, &body); err != nil {
			return err
		}
	}
	if body.Activate != nil && !*body.Activate {
		return errInvalidParameter.withText("The parameter is invalid: this server deploys no drafts, activate must be true.")
	}
	b, err := s.chosenBundle(r.Context(), item, body.BundleID)
	if err != nil {
		return err
	}
	task, err := s.Runtime.Deploy(r.Context(), item, b, callerOf(r).User.GUID)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusAccepted, map[string]string{"task_id": task})
}

func (s *Server) chosenBundle(ctx context.Context, item *content.Item, id *json.RawMessage) (*content.Bundle, error) {
	var b *content.Bundle
	var err error
	if id == nil || string(*id) == "null" {
		b, err = s.Content.LatestBundle(ctx, item.GUID)
	} else {
		// Clients send the id as a string, like the API, or as a number.
		n, notNumber := strconv.ParseInt(strings.Trim(string(*id), `"`), 10, 64)
		if notNumber != nil {
			return nil, errInvalidJSON.withText("The request JSON is invalid: bundle_id is not the id of a bundle.")
		}
		b, err = s.Content.Bundle(ctx, item.GUID, n)
	}
	if errors.Is(err, dberr.NotFound) {
		return nil, errNoBundle.withCause(err)
	}
	return b, err
}

// getTask returns a task in the form that rsconnect, Publisher and the SDKs poll.
func (s *Server) getTask(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	first, err := countParam(query.Get("first"))
	if err != nil {
		return err
	}
	wait, err := countParam(query.Get("wait"))
	if err != nil {
		return err
	}
	c := callerOf(r)
	// The permission is checked before waiting, so that other users do not learn when the task changes.
	task, err := s.Runtime.WaitTask(r.Context(), r.PathValue("id"), 0, 0)
	if errors.Is(err, dberr.NotFound) || err == nil && task.UserGUID != c.User.GUID && c.Role != account.Administrator {
		return errNoTask
	}
	if err == nil && wait > 0 {
		task, err = s.Runtime.WaitTask(r.Context(), task.ID, first, time.Duration(wait)*time.Second)
	}
	if err != nil {
		return err
	}
	output := task.Output
	if first <= len(output) {
		output = output[first:]
	} else {
		output = nil
	}
	return writeJSON(w, http.StatusOK, map[string]any{
		"id": task.ID, "output": append([]string{}, output...), "result": nil, "finished": task.Finished,
		"code": task.Code, "error": task.Error, "last": len(task.Output),
	})
}

// countParam parses a parameter with a number of lines or seconds. Some clients write seconds with a fraction.
func countParam(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n < 0 || n > 1e6 || n != n {
		return 0, errInvalidParameter
	}
	return int(n), nil
}
