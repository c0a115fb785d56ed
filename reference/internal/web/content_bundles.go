package web

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"

	"countersign/reference/internal/content"
	"countersign/reference/internal/signature"
)

func (s *Server) uploadBundle(w http.ResponseWriter, r *http.Request) error {
	if err := s.checkEditor(r); err != nil {
		return err
	}
	limitBody(r, uploadTime)
	body, err := s.Content.Receive(maxBytes(w, r.Body, content.MaxBundle))
	if err != nil {
		return uploadError(err)
	}
	defer body.Close() //nolint:errcheck // it has been stored, or is not needed
	if sent := r.Header.Get(signature.ChecksumHeader); sent != "" && !checksumMatches(sent, body.MD5) {
		return errChecksum
	}
	boundary, isForm := formBoundary(r)
	if !isForm {
		return s.addBundle(w, r, body, nil)
	}
	form, err := s.readForm(body, boundary)
	defer form.close()
	if err != nil {
		return err
	}
	if form.archive == nil {
		return errMissingParameter.withText("The form has no part named archive.")
	}
	return s.addBundle(w, r, form.archive, form.metadata)
}

// uploadError returns the error for a body that cannot be read.
func uploadError(err error) error {
	var body *content.BodyError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return errBundleWrite.withText("The bundle is larger than %d bytes.", int64(content.MaxBundle))
	case errors.As(err, &body):
		return errBundleWrite.withCause(err)
	}
	return err
}

// formBoundary returns the boundary of a multipart form. A body of any other type is the archive itself.
func formBoundary(r *http.Request) (boundary string, isForm bool) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return params["boundary"], err == nil && media == "multipart/form-data"
}

// bundleForm is a form with the part archive and the part metadata (JSON), in which rsconnect-python sends data from
// git.
type bundleForm struct {
	archive  *content.Upload // nil if there is no such part
	metadata map[string]string
}

func (f *bundleForm) close() {
	if f.archive != nil {
		f.archive.Close() //nolint:errcheck // it has been stored, or is not needed
	}
}

// readForm reads the parts of a form. The caller must close the form, even after an error.
func (s *Server) readForm(body *content.Upload, boundary string) (*bundleForm, error) {
	form := &bundleForm{}
	parts := multipart.NewReader(body.Reader(), boundary)
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return form, nil
		}
		if err != nil {
			return form, errUnreadableBody.withCause(err)
		}
		switch part.FormName() {
		case "archive":
			form.close() // the last of several parts counts
			form.archive, err = s.Content.Receive(part)
		case "metadata":
			err = json.NewDecoder(io.LimitReader(part, maxJSONBody)).Decode(&form.metadata)
			if err != nil {
				return form, errInvalidJSON.withCause(err)
			}
		default:
			_, err = io.Copy(io.Discard, part)
		}
		if err != nil {
			return form, errUnreadableBody.withCause(err)
		}
	}
}

func (s *Server) addBundle(w http.ResponseWriter, r *http.Request, archive *content.Upload, metadata map[string]string) error {
	b, err := s.Content.AddBundle(r.Context(), callerOf(r).actor(), r.PathValue("guid"), archive, metadata)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, bundleView(b))
}

// bundleView returns a bundle in the form of the API.
func bundleView(b *content.Bundle) map[string]any {
	metadata := map[string]any{"source": nil, "source_repo": nil, "source_branch": nil, "source_commit": nil}
	for key, value := range b.Metadata {
		metadata[key] = value
	}
	metadata["archive_md5"], metadata["archive_sha1"] = b.MD5, b.SHA1
	view := map[string]any{
		"id": strconv.FormatInt(b.ID, 10), "content_guid": b.ContentGUID, "created_time": apiTime(b.CreatedTime),
		"created_by": b.CreatedBy, "created_by_name": b.CreatorName, "created_by_user": true,
		"active": b.Active, "size": b.Size, "metadata": metadata,
	}
	for _, key := range []string{"cluster_name", "image_name", "environment_guid", "r_version", "r_environment_management",
		"py_version", "py_environment_management", "quarto_version", "node_version"} {
		view[key] = nil
	}
	return view
}

func (s *Server) listBundles(w http.ResponseWriter, r *http.Request) error {
	bundles, err := s.Content.Bundles(r.Context(), callerOf(r).actor(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewsOf(bundles, bundleView))
}

func (s *Server) getBundle(w http.ResponseWriter, r *http.Request) error {
	id, err := s.editedID(r)
	if err != nil {
		return err
	}
	b, err := s.Content.Bundle(r.Context(), callerOf(r).actor(), r.PathValue("guid"), id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, bundleView(b))
}

func (s *Server) downloadBundle(w http.ResponseWriter, r *http.Request) error {
	id, err := s.editedID(r)
	if err != nil {
		return err
	}
	archive, err := s.Content.Archive(r.Context(), callerOf(r).actor(), r.PathValue("guid"), id)
	if err != nil {
		return err
	}
	defer archive.Close()
	h := w.Header()
	h.Set("Content-Type", "application/gzip")
	h.Set("Content-Disposition", `attachment; filename="bundle-`+strconv.FormatInt(id, 10)+`.tar.gz"`)
	io.Copy(w, archive) //nolint:errcheck // the client is gone
	return nil
}

func (s *Server) deleteBundle(w http.ResponseWriter, r *http.Request) error {
	id, err := s.editedID(r)
	if err != nil {
		return err
	}
	return noContent(w, s.Content.DeleteBundle(r.Context(), callerOf(r).actor(), r.PathValue("guid"), id))
}

// deployBody names the bundle to deploy. null or an empty body means the latest one.
type deployBody struct {
	BundleID *json.RawMessage `json:"bundle_id"`
	Activate *bool            `json:"activate"`
}

func (s *Server) deployContent(w http.ResponseWriter, r *http.Request) error {
	if err := s.checkEditor(r); err != nil {
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
	id, err := body.bundle()
	if err != nil {
		return err
	}
	task, err := s.Content.Deploy(r.Context(), callerOf(r).actor(), r.PathValue("guid"), id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusAccepted, map[string]string{"task_id": task})
}

// bundle returns the id of the bundle to deploy, or nil for the latest one. Clients send the id as a string, like the
// API, or as a number.
func (b deployBody) bundle() (*int64, error) {
	if b.BundleID == nil || string(*b.BundleID) == "null" {
		return nil, nil
	}
	n, err := strconv.ParseInt(strings.Trim(string(*b.BundleID), `"`), 10, 64)
	if err != nil {
		return nil, errInvalidJSON.withText("The request JSON is invalid: bundle_id is not the id of a bundle.")
	}
	return &n, nil
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
	task, err := s.Content.Task(r.Context(), callerOf(r).actor(), r.PathValue("id"), first, time.Duration(wait)*time.Second)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{
		"id": task.ID, "output": append([]string{}, task.Output[min(first, len(task.Output)):]...), "result": nil,
		"finished": task.Finished, "code": task.Code, "error": task.Error, "last": len(task.Output),
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
