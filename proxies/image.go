package proxies

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"os"
)

//go:embed image/Dockerfile
var dockerfile []byte

// EnvImage is the environment variable that selects an image other than that of make
// images. The image must have nginx and apache2 in its PATH. Only the packages of Debian
// have been tested.
const EnvImage = "COUNTERSIGN_PROXY_IMAGE"

// imageName returns the name of the image that make images builds, unless EnvImage selects
// another one. The tag is the hash of the Dockerfile, as in .ci/image, so that an image is
// not used after the Dockerfile has changed.
func imageName() string {
	if name := os.Getenv(EnvImage); name != "" {
		return name
	}
	sum := sha256.Sum256(dockerfile)
	return "countersign-proxies:" + hex.EncodeToString(sum[:])[:12]
}
