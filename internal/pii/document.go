package pii

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// This room masks values inside JSON documents.

// Nothing is what stands in place of a masked value, and of a document that cannot be read.
const Nothing = "null"

// DecodeDocument reads a document; numbers keep their digits.
func DecodeDocument(text string) (document any, ok bool) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		return nil, false
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, false // something follows
	}
	return document, true
}

// maskDocument puts null where the paths lead. ok is false for a text that is no document: it is replaced whole.
func maskDocument(text string, paths []jsonPath) (masked string, ok bool) {
	document, ok := DecodeDocument(text)
	if !ok {
		return Nothing, false
	}
	for _, path := range paths {
		document = maskAt(document, path)
	}
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		return Nothing, false
	}
	return strings.TrimSuffix(buffer.String(), "\n"), true
}

// maskAt gives the value with null where the path leads. A missing member stays missing. Where the document has another form
// than the path expects, what stands there is masked whole.
func maskAt(value any, path jsonPath) any {
	if len(path) == 0 {
		return nil
	}
	step, rest := path[0], path[1:]
	switch value := value.(type) {
	case map[string]any:
		if step.index != memberStep {
			return nil
		}
		if inner, there := value[step.name]; there {
			value[step.name] = maskAt(inner, rest)
		}
		return value
	case []any:
		if step.index == memberStep {
			return nil
		}
		for i, inner := range value {
			if step.index == everyStep || step.index == i {
				value[i] = maskAt(inner, rest)
			}
		}
		return value
	}
	return nil
}

// valuesAt calls each for every text and number that maskAt would take away.
func valuesAt(value any, path jsonPath, each func(string)) {
	if len(path) == 0 {
		Leaves(value, each)
		return
	}
	step, rest := path[0], path[1:]
	object, isObject := value.(map[string]any)
	array, isArray := value.([]any)
	switch {
	case isObject && step.index == memberStep:
		if inner, there := object[step.name]; there {
			valuesAt(inner, rest, each)
		}
	case isArray && step.index != memberStep:
		for i, inner := range array {
			if step.index == everyStep || step.index == i {
				valuesAt(inner, rest, each)
			}
		}
	default:
		Leaves(value, each)
	}
}

// Leaves calls each for every text and number in a document, names of members included.
func Leaves(value any, each func(string)) {
	switch value := value.(type) {
	case string:
		each(value)
	case json.Number:
		each(value.String())
	case map[string]any:
		for name, inner := range value {
			each(name)
			Leaves(inner, each)
		}
	case []any:
		for _, inner := range value {
			Leaves(inner, each)
		}
	}
}
