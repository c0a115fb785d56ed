package web

import (
	"crypto/md5" //nolint:gosec // the protocol's choice
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
	"countersign/reference/internal/signature"
)

// anonymousToken is the X-Auth-Token of deployment clients that do not have a token yet.
const anonymousToken = "anonymous-access"

// signedCaller authenticates a request that is signed with deployment credentials. An invalid token or signature is
// refused (code 30): a request with a token is never authenticated by header or cookie. The body is read completely
// before it has an effect, because the signature covers only its checksum.
func (s *Server) signedCaller(w http.ResponseWriter, r *http.Request, tokens []string) (caller, error) {
	if len(tokens) != 1 {
		return caller{}, errBadCredentials.withCause(errors.New("several X-Auth-Token headers"))
	}
	if tokens[0] == anonymousToken {
		return caller{}, nil
	}
	key, user, err := s.Accounts.UserOfToken(r.Context(), tokens[0])
	switch {
	case errors.Is(err, account.ErrNoToken):
		return caller{}, errBadCredentials.withCause(err)
	case err != nil:
		return caller{}, err
	}
	if err := signature.Verify(key, r.Method, s.signedPaths(r), r.Header); err != nil {
		return caller{}, errBadCredentials.withCause(err)
	}
	if err := s.verifyBody(w, r); err != nil {
		return caller{}, err
	}
	return caller{Via: viaToken, User: user, Role: user.Role}, nil
}

// signedPaths returns the paths that a client may have signed: the received path and the public one. rsconnect signs
// the path of its URL, and Publisher signs the part after its base URL.
func (s *Server) signedPaths(r *http.Request) []string {
	received := r.URL.EscapedPath()
	return []string{received, strings.TrimSuffix(s.publicPath, "/") + received}
}

// verifyBody reads the body, compares it with the signed checksum, and replaces it by the stored copy.
func (s *Server) verifyBody(w http.ResponseWriter, r *http.Request) error {
	limitBody(r, uploadTime)
	sum := md5.New() //nolint:gosec // the protocol's choice
	kept, err := storeBody(io.TeeReader(maxBytes(w, r.Body, content.MaxBundle+maxJSONBody), sum))
	if err != nil {
		return errUnreadableBody.withCause(err)
	}
	if !checksumMatches(r.Header.Get(signature.ChecksumHeader), sum.Sum(nil)) {
		return errors.Join(errBadCredentials.withCause(signature.Error("the body does not have the checksum that was signed")), kept.Close())
	}
	r.Body = kept
	return nil
}

// storeBody copies the body, which may be a bundle, to an unnamed file.
func storeBody(body io.Reader) (io.ReadCloser, error) {
	file, err := os.CreateTemp("", "countersign-body-")
	if err != nil {
		return nil, fmt.Errorf("store a signed body: %w", err)
	}
	_, err = io.Copy(file, body)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	err = errors.Join(err, os.Remove(file.Name())) // the file exists until it is closed
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store a signed body: %w", err), file.Close())
	}
	return file, nil
}

// checksumMatches reports whether the value of a checksum header is the sum, in Base64.
func checksumMatches(header string, sum []byte) bool {
	return header == base64.StdEncoding.EncodeToString(sum)
}
