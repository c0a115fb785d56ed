package proxies

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"os"
)

//go:embed image/Dockerfile
var recipe []byte

// EnvImage names another image than that of make images. It must have nginx and
// apache2 on its PATH; others than Debian's packages are unverified.
const EnvImage = "COUNTERSIGN_PROXY_IMAGE"

// imageName is the image that make images builds: its tag is the hash of the
// recipe, as .ci/image computes it, so that an old image is never taken for the
// one of a changed recipe.
func imageName() string {
	if name := os.Getenv(EnvImage); name != "" {
		return name
	}
	sum := sha256.Sum256(recipe)
	return "countersign-proxies:" + hex.EncodeToString(sum[:])[:12]
}
