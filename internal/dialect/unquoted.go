package dialect

import "iter"

// Unquoted walks the bytes of an SQL text that stand outside of quotes, with their positions. A quote is ', ", ` or a pair of
// brackets, which SQLite takes as one.
func Unquoted(text string) iter.Seq2[int, byte] {
	return func(yield func(int, byte) bool) {
		quote := byte(0)
		for i := range len(text) {
			c := text[i]
			switch {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '\'' || c == '"' || c == '`':
				quote = c
			case c == '[':
				quote = ']'
			default:
				if !yield(i, c) {
					return
				}
			}
		}
	}
}
