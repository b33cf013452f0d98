package dialect

import (
	"fmt"
	"strings"
)

// This room is for settings of a session that change the text of values.

// postgresFormSettings are those, and what they are set to so that the text is exact and means the same to every session.
var postgresFormSettings = [][2]string{
	{"timezone", "UTC"}, {"bytea_output", "hex"}, {"extra_float_digits", "1"}, {"datestyle", "ISO, YMD"}, {"intervalstyle", "postgres"},
}

// postgresForm has them as a function has settings.
var postgresForm = func() (text string) {
	for _, s := range postgresFormSettings {
		text += fmt.Sprintf(" SET %s TO '%s'", s[0], s[1])
	}
	return text
}()

// postgresFixForm sets them, and then what they were before.
func postgresFixForm() (statements [2]string) {
	var former, fix, leave []string
	for i, s := range postgresFormSettings {
		former = append(former, "current_setting('"+s[0]+"')")
		fix = append(fix, fmt.Sprintf("set_config('%s', '%s', true)", s[0], s[1]))
		leave = append(leave, fmt.Sprintf("set_config('%s', split_part(current_setting('softdelete.former_form'), '|', %d), true)", s[0], i+1))
	}
	statements[0] = "SELECT set_config('softdelete.former_form', concat_ws('|', " + strings.Join(former, ", ") + "), true), " + strings.Join(fix, ", ")
	statements[1] = "SELECT " + strings.Join(leave, ", ")
	return statements
}
