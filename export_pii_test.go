package softdelete

// CheckPII reads a tag as a model's compilation does, for the fuzz test: whatever the text, it ends and says something.
func CheckPII(text string) {
	tag, problems := parsePII(text)
	if len(problems) > 0 {
		return
	}
	switch tag.word {
	case maskJSON:
		parseJSONPath(tag.argument)
	case maskTemplate:
		parseTemplate(tag.argument)
	case "":
		panic("a tag without a strategy was accepted")
	}
}
