package dialect

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"
)

// Column is a column of a table as the database has it.
type Column struct {
	// Name is the bare name.
	Name string `gorm:"column:name"`
	// Type is the declared type with its length or precision.
	Type string `gorm:"column:type"`
	// Generated tells that the database computes the value.
	Generated bool `gorm:"column:generated"`
	// Identity tells that the database gives every new row a value of its own, unless it is told otherwise.
	Identity bool `gorm:"column:identity"`
	// Keyed tells that the column is of the primary key.
	Keyed bool `gorm:"column:keyed"`
	// Hidden tells that SELECT * leaves it out.
	Hidden bool `gorm:"column:hidden"`
}

// columns is what a database needs to tell and to compare the columns of tables.
type columns struct {
	list func(db *gorm.DB, table Table) ([]Column, error)
	// overriding stands between an INSERT's columns and its rows, so that an Identity column takes the values that it is given.
	overriding string
	// holds tells whether a column of a type keeps every value of another type, from which that type's own column gets it back.
	holds func(kind, other string) bool
	// null adds NULL to a type that may be NOT NULL without it; nil where there is none.
	null func(kind string) string
	// changes is the condition that a value, not NULL, is another one in a column of the type.
	changes func(value, kind string) string
	// fold tells that names which differ in case are one.
	fold bool
	// compare stands around a compound SELECT in EXISTS whose columns are to be compared, where the database would drop them.
	compare [2]string
	// binary tells which types are of bytes, where drivers give those of texts too; nil where they give texts.
	binary func(kind string) bool
	// widens is a condition in the place of that which Widens has; nil for that.
	widens func(kind, other string) bool
}

// TextsAsBytes tells that drivers give the bytes of a text, as they do for a column of bytes: see Binary.
func (d *Dialect) TextsAsBytes() bool { return d.columns.binary != nil }

// Binary tells whether the type of a column, as drivers name it, is one of bytes and not of texts.
func (d *Dialect) Binary(kind string) bool { return d.columns.binary(kind) }

// Columns lists the columns of a table in their order; none for a table that is not there.
func (d *Dialect) Columns(db *gorm.DB, table Table) ([]Column, error) {
	return d.columns.list(db, table)
}

// FindColumn gives the column of a name, nil where there is none.
func (d *Dialect) FindColumn(list []Column, name string) *Column {
	i := slices.IndexFunc(list, func(c Column) bool {
		return c.Name == name || d.columns.fold && strings.EqualFold(c.Name, name)
	})
	if i < 0 {
		return nil
	}
	return &list[i]
}

// NullType is a column's type, and what stands behind it, so that the column may be NULL whatever the settings of the session are.
func (d *Dialect) NullType(kind string) string {
	if d.columns.null == nil {
		return kind
	}
	return d.columns.null(kind)
}

// Overriding stands between the columns and the rows of an INSERT that gives an Identity column its values.
func (d *Dialect) Overriding() string { return d.columns.overriding }

// Holds tells whether a column of the type kind keeps every value of the other type, and gives it back as it was.
func (d *Dialect) Holds(kind, other string) bool { return d.columns.holds(kind, other) }

// Widens tells whether a column may be given the type kind in place of another without losing anything: a text says what any
// value was.
func (d *Dialect) Widens(kind, other string) bool {
	if d.columns.widens != nil {
		return d.columns.widens(kind, other)
	}
	return d.Holds(kind, other) || slices.Contains([]string{"text", "character varying"}, postgresType(kind).name)
}

// CompareColumns stands around a compound SELECT in EXISTS, so that the database refuses parts which have not as many columns each.
func (d *Dialect) CompareColumns() (open, shut string) {
	return d.columns.compare[0], d.columns.compare[1]
}

// Changes is the condition that the value in a column, not NULL, would be another one in a column of the type.
func (d *Dialect) Changes(value, kind string) string { return d.columns.changes(value, kind) }

var postgresColumns = columns{
	list: func(db *gorm.DB, table Table) (list []Column, err error) {
		err = db.Raw(`SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attgenerated <> '' AS generated,
			attidentity = 'a' AS identity,
			EXISTS (SELECT 1 FROM pg_index WHERE indrelid = attrelid AND indisprimary AND attnum = ANY (indkey)) AS keyed FROM pg_attribute WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped
			ORDER BY attnum`, table.Quoted).Scan(&list).Error
		return list, err
	},
	overriding: "OVERRIDING SYSTEM VALUE ",
	holds:      postgresHolds,
	changes:    func(value, kind string) string { return "NOT (CAST(" + value + " AS " + kind + ") = " + value + ")" },
}

// declared is a type with what stands in its parentheses.
type declared struct {
	name     string
	numbers  []int
	unsigned bool
}

var (
	typePattern      = regexp.MustCompile(`^([^(]*)(?:\(([\d\s,]*)\))?(.*)$`)
	collationPattern = regexp.MustCompile(`(?i)\s+collate\s+(?:"(?:[^"]|"")*"|[\w$]+)(?:\.(?:"(?:[^"]|"")*"|[\w$]+))?`)
	// postgresNames are PostgreSQL's own names of types that have others too.
	postgresNames = map[string]string{
		"int2": "smallint", "smallserial": "smallint", "int": "integer", "int4": "integer", "serial": "integer", "int8": "bigint",
		"bigserial": "bigint", "decimal": "numeric", "float4": "real", "float8": "double precision", "bool": "boolean",
		"varchar": "character varying", "char": "character", "bpchar": "character", "timestamptz": "timestamp with time zone",
		"timestamp": "timestamp without time zone", "timetz": "time with time zone", "time": "time without time zone", "varbit": "bit varying",
	}
	postgresIntegers = []string{"smallint", "integer", "bigint"}
)

// withoutCollation is a type without its collation.
func withoutCollation(text string) string { return collationPattern.ReplaceAllString(text, "") }

// arrayPattern ends the type of an array, whose bounds and number of dimensions the database does not keep.
var arrayPattern = regexp.MustCompile(`(?:\s+array)?(?:\s*\[\d*\])+$|\s+array$`)

func postgresType(text string) declared {
	text = withoutCollation(strings.ToLower(strings.TrimSpace(text)))
	element := arrayPattern.ReplaceAllString(text, "")
	parts := typePattern.FindStringSubmatch(element)
	t := declared{name: strings.Join(strings.Fields(parts[1]+" "+parts[3]), " ")}
	if name, known := postgresNames[t.name]; known {
		t.name = name
	}
	switch {
	case parts[2] != "":
	case t.name == "character", t.name == "bit":
		parts[2] = "1"
	case strings.HasPrefix(t.name, "time"):
		parts[2] = "6"
	}
	for part := range strings.SplitSeq(parts[2], ",") {
		if n, err := strconv.Atoi(strings.TrimSpace(part)); err == nil {
			t.numbers = append(t.numbers, n)
		}
	}
	if element != text {
		t.name += "[]"
	}
	return t
}

func postgresHolds(kind, other string) bool {
	k, o := postgresType(kind), postgresType(other)
	if k.name != o.name {
		switch {
		case slices.Contains(postgresIntegers, k.name):
			return slices.Contains(postgresIntegers[:slices.Index(postgresIntegers, k.name)], o.name)
		case k.name == "numeric" && len(k.numbers) == 0:
			return slices.Contains(postgresIntegers, o.name)
		case k.name == "double precision":
			return o.name == "real"
		case k.name == "text", k.name == "character varying" && len(k.numbers) == 0:
			return o.name == "text" || o.name == "character varying"
		}
		return k.name == "json" && o.name == "jsonb"
	}
	switch {
	case slices.Equal(k.numbers, o.numbers):
		return true
	case k.name == "character", k.name == "bit": // of one length each
		return false
	case k.name == "numeric" && len(k.numbers) > 0 && len(o.numbers) > 0:
		k.numbers, o.numbers = append(k.numbers, 0), append(o.numbers, 0)
		return k.numbers[1] >= o.numbers[1] && k.numbers[0]-k.numbers[1] >= o.numbers[0]-o.numbers[1]
	}
	return len(k.numbers) == 0 || len(k.numbers) == 1 && len(o.numbers) == 1 && k.numbers[0] >= o.numbers[0]
}

var sqliteColumns = columns{
	list: func(db *gorm.DB, table Table) (list []Column, err error) {
		schema, name, qualified := strings.Cut(table.Name, ".")
		if !qualified {
			schema, name = "main", table.Name
		}
		err = db.Raw("SELECT name, type, hidden IN (2, 3) AS generated, pk > 0 AS keyed FROM pragma_table_xinfo(?, ?) WHERE hidden <> 1 ORDER BY cid",
			name, schema).Scan(&list).Error
		return list, err
	},
	holds: sqliteHolds,
	changes: func(value, kind string) string {
		return "CAST(CAST(" + value + " AS " + kind + ") AS TEXT) <> CAST(" + value + " AS TEXT)"
	},
	fold: true,
}

// sqliteHolds compares affinities, which is all that a type is there (https://sqlite.org/datatype3.html, 3.1).
func sqliteHolds(kind, other string) bool {
	k, o := affinity(kind), affinity(other)
	return k == o || k == "blob"
}

func affinity(kind string) string {
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(strings.ToUpper(kind), part) })
	}
	switch {
	case has("INT"):
		return "numeric" // an integer's differs from it in casts only
	case has("CHAR", "CLOB", "TEXT"):
		return "text"
	case strings.TrimSpace(kind) == "" || has("BLOB"):
		return "blob"
	case has("REAL", "FLOA", "DOUB"):
		return "real"
	}
	return "numeric"
}
