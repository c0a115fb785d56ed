package proxies

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"os"
)

//go:embed image/Dockerfile image/build.sh
var recipe embed.FS

// EnvImage names another image than that of make images. It must have nginx and
// apache2 on its PATH; others than Debian's packages are unverified.
const EnvImage = "COUNTERSIGN_PROXY_IMAGE"

// imageName is the image that make images builds: its tag is the hash of the
// recipe, as image/build.sh computes it, so that an old image is never taken for
// the one of a changed recipe.
func imageName() string {
	if name := os.Getenv(EnvImage); name != "" {
		return name
	}
	h := sha256.New()
	for _, file := range []string{"image/Dockerfile", "image/build.sh"} {
		text, err := recipe.ReadFile(file)
		if err != nil {
			panic(err) // embedded: a build without the file does not exist
		}
		h.Write(text)
	}
	return "countersign-proxies:" + hex.EncodeToString(h.Sum(nil))[:12]
}
