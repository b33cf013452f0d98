package dialect

import (
	"strings"
	"time"

	"gorm.io/gorm"
)

// sqlite is SQLite 3.35 and later, through a driver that keeps times as text: "2006-01-02 15:04:05.999999999+00:00",
// trailing zeros of the fraction cut.
var sqlite = Dialect{
	Name:      "sqlite",
	Precision: time.Nanosecond,
	features:  WithBeforeWrite | CompoundRecursion | PartialIndexes,
	nanoseconds: func(column string) string {
		fraction := "substr(" + column + ", 21)"
		digits := "substr(CASE WHEN substr(" + column + ", 20, 1) = '.' THEN rtrim(substr(" + fraction + ", 1, " +
			"length(" + fraction + ") - 6), ' ') ELSE '' END || '000000000', 1, 9)"
		return "(CAST(strftime('%s', " + column + ") AS INTEGER) * 1000000000 + CAST(" + digits + " AS INTEGER))"
	},
	native: func(_, nanoseconds string) string {
		fraction := "rtrim(rtrim(printf('.%09d', " + nanoseconds + " % 1000000000), '0'), '.')"
		return "(strftime('%Y-%m-%d %H:%M:%S', " + nanoseconds + " / 1000000000, 'unixepoch') || " + fraction + " || '+00:00')"
	},
	text:    func(expression string) string { return "CAST(" + expression + " AS TEXT)" },
	integer: func(expression string) string { return "CAST(" + expression + " AS INTEGER)" },
	padded:  func(expression string) string { return "printf('%019d', " + expression + ")" },

	findIndex: func(db *gorm.DB, table, name string) (*Index, error) {
		var statements []string
		err := db.Raw("SELECT coalesce(sql, '') FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND name = ?", table, name).
			Scan(&statements).Error
		if err != nil || len(statements) == 0 {
			return nil, err
		}
		index := &Index{Unique: strings.HasPrefix(strings.ToUpper(statements[0]), "CREATE UNIQUE ")}
		if at := strings.Index(strings.ToUpper(statements[0]), " WHERE "); at >= 0 {
			index.Where = statements[0][at+len(" WHERE "):]
		}
		return index, nil
	},
	indexOwner: func(db *gorm.DB, table, name string) (owner string, err error) {
		err = db.Raw("SELECT tbl_name FROM sqlite_master WHERE type = 'index' AND name = ? AND tbl_name <> ?", name, table).Scan(&owner).Error
		return owner, err
	},
}
