package dialect

import (
	"strconv"
	"strings"

	"gorm.io/gorm"
)

// masks is how a database makes the values that personal data is replaced by.
type masks struct {
	// randomDigits, randomUUID and randomInteger are new for each row.
	randomDigits, randomUUID string
	randomInteger            func(bits int) string
	// randomSince is the first version of the server that has random values.
	randomSince Version
	// truncateTime cuts a time to the beginning of its year or month, in UTC.
	truncateTime func(column, columnType, unit string) string
	// remnants says what of overwritten values the database's files may still have.
	remnants func(db *gorm.DB) (string, error)
}

// RandomDigits is a text of 32 random hexadecimal digits, new for each row.
func (d *Dialect) RandomDigits() string { return d.masks.randomDigits }

// RandomUUID is a random UUID, new for each row.
func (d *Dialect) RandomUUID() string { return d.masks.randomUUID }

// RandomInteger is a random integer of so many bits, not negative, new for each row.
func (d *Dialect) RandomInteger(bits int) string { return d.masks.randomInteger(bits) }

// RandomSince is the first version of a server that has random values for masks, 0 where all have.
func (d *Dialect) RandomSince() Version { return d.masks.randomSince }

// TruncateTime cuts the time in a column of a type to the beginning of its "year" or "month", in UTC.
func (d *Dialect) TruncateTime(column, columnType, unit string) string {
	return d.masks.truncateTime(column, strings.ToLower(columnType), unit)
}

// Remnants says, for people, where the database may still have values that were overwritten; it is empty where there is
// nothing to say.
func (d *Dialect) Remnants(db *gorm.DB) (string, error) { return d.masks.remnants(db) }

var postgresMasks = masks{
	randomDigits: "replace(gen_random_uuid()::text, '-', '')",
	randomUUID:   "gen_random_uuid()",
	randomSince:  13_00, // with gen_random_uuid
	randomInteger: func(bits int) string {
		return "(('x' || substr(md5(gen_random_uuid()::text), 1, 16))::bit(64)::bigint & " + strconv.FormatInt(1<<bits-1, 10) + ")"
	},
	truncateTime: func(column, columnType, unit string) string {
		zoned := strings.HasPrefix(columnType, "timestamptz") || strings.Contains(columnType, "with time zone")
		if zoned {
			return "(date_trunc('" + unit + "', " + column + " AT TIME ZONE 'UTC') AT TIME ZONE 'UTC')"
		}
		return "date_trunc('" + unit + "', " + column + ")"
	},
	remnants: func(*gorm.DB) (string, error) {
		return "old row versions stay in PostgreSQL's files until VACUUM, and in its write-ahead log until that is recycled", nil
	},
}

var sqliteMasks = masks{
	randomDigits: "lower(hex(randomblob(16)))",
	randomUUID: "(lower(hex(randomblob(4))) || '-' || lower(hex(randomblob(2))) || '-4' || substr(lower(hex(randomblob(2))), 2) || " +
		"'-a' || substr(lower(hex(randomblob(2))), 2) || '-' || lower(hex(randomblob(6))))",
	randomInteger: func(bits int) string {
		return "(random() & " + strconv.FormatInt(1<<bits-1, 10) + ")"
	},
	truncateTime: func(column, _, unit string) string {
		format := "%Y-01-01 00:00:00+00:00"
		if unit == "month" {
			format = "%Y-%m-01 00:00:00+00:00"
		}
		return "strftime('" + format + "', " + column + ")"
	},
	remnants: func(db *gorm.DB) (string, error) {
		var on int
		if err := db.Raw("PRAGMA secure_delete").Scan(&on).Error; err != nil {
			return "", err
		}
		var journal string
		if err := db.Raw("PRAGMA journal_mode").Scan(&journal).Error; err != nil {
			return "", err
		}
		var notes []string
		if on != 1 {
			notes = append(notes, "SQLite's secure_delete is off: free pages of the database file may hold old values until VACUUM")
		}
		if strings.EqualFold(journal, "wal") {
			notes = append(notes, "SQLite's write-ahead log may hold old pages until a checkpoint truncates it")
		}
		return strings.Join(notes, "; "), nil
	},
}
