package softdelete

import (
	"bytes"
	"fmt"
	"time"
	"unicode/utf8"
)

// textOf is a key's value as text.
func textOf(value any) string {
	switch value := value.(type) {
	case []byte:
		if !utf8.Valid(value) || bytes.IndexByte(value, 0) >= 0 { // no text column takes it
			return fmt.Sprintf(`\x%x`, value)
		}
		return string(value)
	case [16]byte:
		return fmt.Sprintf("%x-%x-%x-%x-%x", value[0:4], value[4:6], value[6:8], value[8:10], value[10:16])
	case time.Time:
		return value.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprint(value)
}
