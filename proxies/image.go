package proxies

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
)

//go:embed image/Dockerfile
var dockerfile []byte

// imageName returns the name of the image that make images builds, unless the installation
// names another one. The tag is the hash of the Dockerfile, as in .ci/image, so that an
// image is not used after the Dockerfile has changed.
func (in Installation) imageName() string {
	if in.Image != "" {
		return in.Image
	}
	sum := sha256.Sum256(dockerfile)
	return "countersign-proxies:" + hex.EncodeToString(sum[:])[:12]
}
