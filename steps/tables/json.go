package tables

import (
	"encoding/json"
	"fmt"
	"io"
)

// SchemaID names the version of the JSON form. It changes with every change that readers of the
// current version would misunderstand.
const SchemaID = "countersign.tables/1"

// WriteJSON writes tables as one JSON object with the members schema and tables.
func WriteJSON(w io.Writer, tables []Table) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	form := struct {
		Schema string  `json:"schema"`
		Tables []Table `json:"tables"`
	}{SchemaID, tables}
	if err := out.Encode(form); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}
