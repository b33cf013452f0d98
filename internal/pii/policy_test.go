package pii_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	piiWrong struct {
		ID        uint           `pii:"null"`
		DeletedAt gorm.DeletedAt `pii:"null"`
		NotNull   string         `gorm:"not null" pii:"null"`
		Unique    string         `gorm:"unique" pii:"fixed:x"`
		Index     string         `gorm:"uniqueIndex" pii:"zero"`
		TenantID  uint           `gorm:"uniqueIndex:composite"`
		Composite string         `gorm:"uniqueIndex:composite" pii:"fixed:gone"`
		Partial   string         `gorm:"uniqueIndex:partial,where:active" pii:"zero"`
		Folded    string         `gorm:"uniqueIndex:folded,expression:lower(folded)" pii:"fixed:x"`
		Born      time.Time      `gorm:"uniqueIndex" pii:"truncate:year"`
		Short     string         `gorm:"size:3" pii:"fixed:erased"`
		Narrow    string         `gorm:"size:12" pii:"template:{id}"`
		Tight     string         `gorm:"size:8;uniqueIndex" pii:"random"`
		Code      string         `gorm:"type:varchar(10)" pii:"hmac"`
		Number    int            `pii:"fixed:none"`
		Small     int8           `pii:"fixed:300"`
		Count     int            `gorm:"uniqueIndex" pii:"zero"`
		Few       int32          `gorm:"uniqueIndex" pii:"random"`
		Flag      bool           `pii:"template:{id}"`
		Amount    float64        `pii:"random"`
		When      time.Time      `pii:"truncate:day"`
		Text      string         `pii:"truncate:year"`
		Unknown   string         `pii:"func:nobody"`
		Kept      string         `pii:"keep"`
		Based     string         `pii:"null;basis:Art. 6"`
		Spelt     string         `pii:"fixd:x"`
		Twice     string         `pii:"null;zero"`
		Bare      string         `pii:"fixed"`
		Empty     string         `pii:""`
		Plain     string         `pii:"template:erased"`
		Braces    string         `pii:"template:{name}"`
		Path      string         `pii:"json:name"`
		Wild      string         `pii:"json:$.*"`
		Owner     uint           `pii:"subject:Nobody"`
		Row       string         `pii:"delete"`
		Hidden    string         `gorm:"-" pii:"null"`
		Tags      []piiTag       `gorm:"many2many:pii_wrong_tags" pii:"null"`
	}
	piiTag   struct{ ID uint }
	piiNever struct {
		_    struct{} `softdelete:"never" pii:"delete"`
		ID   uint
		Name string
	}
)

func TestPIIErrorsNameTheFieldTheReasonAndARemedy(t *testing.T) {
	db := testdb.SQLite(t).Open(t)
	err := db.Use(softdelete.New(softdelete.Config{Models: []any{&piiWrong{}, &piiNever{}}}))
	require.ErrorIs(t, err, softdelete.ErrPolicy)
	const byTemplate, byText = `pii:"template:erased-{id}" would work`, `pii:"fixed:[erased]" would work`
	for field, parts := range map[string][]string{
		"ID":        {"primary key"},
		"DeletedAt": {"whether the row is deleted"},
		"NotNull":   {"NOT NULL", byText},
		"Unique":    {"unique index of its own", byTemplate},
		"Index":     {"unique index idx_pii_wrongs_index", byTemplate},
		"Composite": {"unique index composite", byTemplate},
		"Partial":   {"unique index partial", byTemplate},
		"Folded":    {"unique index folded", byTemplate},
		"Born":      {"unique index", `pii:"null" would work`},
		"Short":     {"6 characters, the column 3", `pii:"zero" would work`},
		"Narrow":    {"need 20 characters, the column has 12"},
		"Tight":     {"8 characters are too few", `pii:"null" would work`},
		"Code":      {"at least 16 characters, the column has 10"},
		"Number":    {"not an integer", `pii:"zero" would work`},
		"Small":     {"does not fit int8"},
		"Count":     {"unique index", `pii:"null" would work`},
		"Few":       {"31 bits may collide"},
		"Flag":      {"a template is text"},
		"Amount":    {"random values are texts, integers or UUIDs"},
		"When":      {`"day" is unknown`},
		"Text":      {"only a time has a year"},
		"Unknown":   {`Config.Maskers has no "nobody"`},
		"Kept":      {"legal basis"},
		"Based":     {"belongs to keep"},
		"Spelt":     {`did you mean "fixed"?`},
		"Twice":     {"two pii strategies"},
		"Bare":      {`"fixed" needs a value`},
		"Empty":     {"names no strategy"},
		"Plain":     {"neither {id} nor {random}"},
		"Braces":    {"only {id} and {random}"},
		"Path":      {"no JSON path"},
		"Wild":      {"empty name"},
		"Owner":     {`unknown subject "Nobody"`},
		"Row":       {"belongs on a field _"},
		"Hidden":    {"no column"},
		"Tags":      {"no column"},
	} {
		lines := piiLines(err, "piiWrong."+field+": ")
		require.Len(t, lines, 1, field)
		for _, part := range parts {
			require.Contains(t, lines[0], part, field)
		}
	}
	require.Contains(t, strings.Join(piiLines(err, "piiNever._: "), ""), "never model")
}

// piiLines are the lines of an error that speak of a field.
func piiLines(err error, field string) (lines []string) {
	for _, line := range strings.Split(err.Error(), "\n") {
		if strings.Contains(line, field) {
			lines = append(lines, line)
		}
	}
	return lines
}

type piiTight struct {
	Key    string    `gorm:"primaryKey;size:8"`
	Email  string    `gorm:"size:24;uniqueIndex" pii:"template:redacted-{id}@example.invalid"`
	Random string    `gorm:"size:30;uniqueIndex" pii:"template:a rather long text {random} with an end"`
	Number int64     `gorm:"uniqueIndex" pii:"random"`
	Small  int16     `pii:"random"`
	Parts  string    `pii:"json:$.a[0].b,$[\"odd name\"],$.list[*].x"`
	Quote  string    `pii:"fixed:it's \\; 100% ? $1"`
	Zero   *int      `pii:"zero"`
	Month  time.Time `pii:"truncate:month"`
}

func TestMasksStayApartAfterTruncation(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&piiTight{}}})
		at := time.Date(2001, 7, 9, 23, 30, 0, 0, time.FixedZone("", -5*3600)) // July the 10th in UTC
		for i, key := range []string{"12345678", "12345679", "a'b,c", "plain"} {
			number := i + 1
			require.NoError(t, db.Create(&piiTight{
				Key: key, Email: key + "@mail.test", Random: key, Number: int64(i), Small: 7, Month: at, Zero: &number,
				Parts: `{"a":[{"b":"secret one","c":1},{"b":"open"}],"odd name":{"deep":"secret two"},"list":[{"x":1},{},"secret three"]}`,
			}).Error)
			_, err := softdelete.Erase(db, &piiTight{Key: key}, softdelete.ErasureRequest{})
			require.NoError(t, err)
		}
		var rows []piiTight
		require.NoError(t, db.Order(clause.OrderByColumn{Column: clause.Column{Name: "key"}}).Find(&rows).Error)
		emails, randoms := map[string]bool{}, map[string]bool{}
		for _, row := range rows {
			emails[row.Email], randoms[row.Random] = true, true
			require.Contains(t, row.Email, row.Key)
			require.Len(t, row.Random, 30)
			require.Equal(t, "it's ; 100% ? $1", row.Quote)
			require.GreaterOrEqual(t, row.Small, int16(0))
			require.Equal(t, 0, *row.Zero)
			require.Equal(t, time.Date(2001, 7, 1, 0, 0, 0, 0, time.UTC), row.Month.UTC())
			require.JSONEq(t, `{"a":[{"b":null,"c":1},{"b":"open"}],"odd name":null,"list":[{"x":null},{},null]}`, row.Parts)
		}
		require.Len(t, emails, 4)
		require.Len(t, randoms, 4)
	})
}

type piiOdd struct {
	ID      uint
	Profile string  `pii:"json:$.name"`
	Raw     *string `pii:"json:$.name"`
	Strict  string  `gorm:"not null" pii:"json:$.name"`
	IP      string  `pii:"truncate:ip"`
}

func TestMasksFailClosed(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&piiOdd{}}})
		cases := []struct{ document, ip, masked, network string }{
			{`{"name":"canary","x":1}`, "203.0.113.9", `{"name":null,"x":1}`, "203.0.113.0"},
			{`{"name":"canary"} trailing canary`, "::ffff:203.0.113.9", "", "203.0.113.0"},
			{`{"name":"canary`, "2001:db8:aaaa:bbbb::1", "", "2001:db8:aaaa::"},
			{`["canary"]`, "fe80::1%canary0", "null", "fe80::"},
			{`"canary"`, "203.0.113.9:8080", "null", "203.0.113.0"},
			{`{"other":"x"}`, "canary", `{"other":"x"}`, ""},
			{``, "", "", ""},
		}
		for _, c := range cases {
			raw := c.document
			row := piiOdd{Profile: c.document, Raw: &raw, Strict: c.document, IP: c.ip}
			require.NoError(t, db.Create(&row).Error)
			_, err := softdelete.Erase(db, &row, softdelete.ErasureRequest{})
			require.NoError(t, err, c.document)
			var after piiOdd
			require.NoError(t, db.First(&after, row.ID).Error)
			require.Equal(t, c.network, after.IP)
			if c.masked == "" {
				require.Nil(t, after.Raw, "an unreadable document is replaced whole")
				require.Equal(t, "null", after.Strict)
				continue
			}
			require.JSONEq(t, c.masked, *after.Raw)
			require.JSONEq(t, c.masked, after.Strict)
		}
	})
}

type piiValued struct {
	ID   uint
	Text string `gorm:"not null;size:5" pii:"func:m"`
}

func TestAMaskersValueMustFitTheColumn(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		var result any
		config := softdelete.Config{Models: []any{&piiValued{}}, Maskers: map[string]softdelete.Masker{
			"m": func(context.Context, any) (any, error) { return result, nil },
		}}
		db := fixture.Open(t, database, config)
		row := piiValued{Text: "anna"}
		require.NoError(t, db.Create(&row).Error)
		for _, result = range []any{nil, "too long", struct{}{}} {
			_, err := softdelete.Erase(db, &row, softdelete.ErasureRequest{})
			require.ErrorContains(t, err, "piiValued.Text", "%v", result)
		}
		result = "x"
		_, err := softdelete.Erase(db, &row, softdelete.ErasureRequest{})
		require.NoError(t, err)
	})
}

type wordsPerson struct {
	ID        uint
	Name      string `pii:"mask"`
	Email     string `pii:"tempalte:{id}@example.invalid"`
	Phone     string `pii:"null,zero"`
	DeletedAt gorm.DeletedAt
}

func TestAnUnknownWordIsAnsweredWithTheMasksThatAreKnown(t *testing.T) {
	db := testdb.SQLite(t).Open(t)
	err := db.Use(softdelete.New(softdelete.Config{Models: []any{&wordsPerson{}}}))
	require.ErrorIs(t, err, softdelete.ErrPolicy)
	known := "; known are null, zero, fixed, template, random, hmac, truncate, json, func, keep, basis, -, delete, subject"
	require.ErrorContains(t, err, `wordsPerson.Name: unknown pii setting "mask"`+known)
	require.ErrorContains(t, err, `wordsPerson.Email: unknown pii setting "tempalte" (did you mean "template"?)`+known)
	require.ErrorContains(t, err, `wordsPerson.Phone: unknown pii setting "null,zero": settings are separated by ";", as in null;zero`)
}
