package pii

import "testing"

// FuzzPIITag reads tags as a model's compilation does: whatever the text, it ends and says something.
func FuzzPIITag(f *testing.F) {
	for _, tag := range []string{
		"null", "zero", "fixed:[erased]", "template:a-{id}@b", "template:{random}", "random", "hmac", "truncate:ip", "json:$.a[*].b",
		`json:$["a"],$.b[0]`, "func:x", "keep;basis:Art. 6", "-", "delete", "subject:User", `fixed:a\;b`, "json:$[", `json:$["`, "template:{", ";;", ":",
		"null;null", "keep;basis:a;basis:b", "keep;basis:a;KEEP",
	} {
		f.Add(tag)
	}
	f.Fuzz(func(t *testing.T, tag string) {
		given, problems := parsePII(tag)
		if len(problems) > 0 {
			return
		}
		switch given.word {
		case "json":
			parseJSONPath(given.argument)
		case "template":
			parseTemplate(given.argument)
		case "":
			t.Fatal("a tag without a strategy was accepted")
		}
	})
}
