package dialect

import "strings"

// This room is for databases that end a recursive query after a number of levels: some with an error, some by leaving out without a word
// what is deeper.

// mostLevels is the largest number that MySQL and MariaDB take, which is none: no chain of rows is as long, and a walk ends by itself.
const mostLevels = "4294967295"

// recursive begins the recursive queries that statements have.
const recursive = "WITH RECURSIVE "

// Deep is a statement whose recursive queries, if it has any, go as deep as their rows do.
func (d *Dialect) Deep(text string) string {
	if d.deep == nil || !strings.Contains(text, recursive) {
		return text
	}
	return d.deep(text)
}

// mysqlDeep says it in a hint, which stands behind the first word of the statement that comes after its tables.
func mysqlDeep(text string) string {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\'', '`', '"':
			i += 1 + strings.IndexByte(text[i+1:], c)
		case '(':
			depth++
		case ')':
			depth--
		case 'S', 'I', 'U', 'D':
			if depth > 0 || i > 0 && text[i-1] != ' ' {
				continue
			}
			for _, word := range []string{"SELECT ", "INSERT ", "UPDATE ", "DELETE "} {
				if strings.HasPrefix(text[i:], word) {
					i += len(word)
					return text[:i] + "/*+ SET_VAR(cte_max_recursion_depth = " + mostLevels + ") */ " + text[i:]
				}
			}
		}
	}
	return text
}

// mariadbDeep says it before the statement.
func mariadbDeep(text string) string {
	return "SET STATEMENT max_recursive_iterations = " + mostLevels + " FOR " + text
}
