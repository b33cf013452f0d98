package archive_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// archiveRaw is a table that was made by hand.
type archiveRaw struct {
	_  struct{} `softdelete:"archive"`
	ID int64
}

func TestArchiveKeepsWhatOnlyTheDatabaseKnows(t *testing.T) {
	for _, c := range []struct {
		name, database string
		before         []string
		row            string // a query that gives the row as text
	}{
		{"types", "postgres", []string{
			"CREATE TYPE archive_mood AS ENUM ('sad', 'glad')",
			`CREATE TABLE archive_raws (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood archive_mood NOT NULL DEFAULT 'sad', uid uuid,
				j json, b jsonb, amount numeric, small numeric(6,3), at timestamptz, local timestamp(3), day date, span interval, data bytea,
				tags text[], grid integer[][], host inet, ratio double precision, single real, code char(5), flags bit varying(9), big bigint,
				doubled bigint GENERATED ALWAYS AS (big * 2) STORED, "Quoted ""Name" text, nothing text)`,
			`INSERT INTO archive_raws (mood, uid, j, b, amount, small, at, local, day, span, data, tags, grid, host, ratio, single, code, flags, big, "Quoted ""Name")
				VALUES ('glad', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{ "b" : 1,  "a": [1.10] }', '{"b": 1.10}', 123456789012345678901234567890.000100, 1.250,
				'1999-12-31 23:59:59.123456+05:30', '2000-01-01 00:00:00.789', 'infinity', '1 mon 2 days 00:00:03.000004', '\x00ff', '{a,NULL,"b,c"}',
				'{{1,2},{3,4}}', '::1/128', 'NaN', 0.1, 'ab', B'0101', 9007199254740993, 'it''s')`,
		}, "SELECT archive_raws::text FROM archive_raws"},
		{"classes", "sqlite", []string{
			"CREATE TABLE archive_raws (id integer PRIMARY KEY, a text, b integer, c real, d numeric, e blob, f, g datetime, h boolean, " +
				"doubled integer AS (id * 2) STORED, virtual text AS (a || '!'), \"quoted \"\"name\" varchar(3))",
			"INSERT INTO archive_raws (a, b, c, d, e, f, g, h, \"quoted \"\"name\") VALUES (x'00ff', 'no number', 1e300, 9007199254740993, '0012', 0.1, " +
				"'1999-12-31 23:59:59.123456789+05:30', 'true', 'longer than three')",
		}, "SELECT quote(a) || typeof(a) || quote(b) || quote(c) || quote(d) || typeof(d) || quote(e) || typeof(e) || quote(f) || typeof(f) || quote(g) || quote(h) || " +
			"doubled || quote(virtual) || quote(\"quoted \"\"name\") FROM archive_raws"},
	} {
		t.Run(c.database+": "+c.name, func(t *testing.T) {
			database := testdb.SQLite(t)
			if c.database == "postgres" {
				database = testdb.Postgres(t)
			}
			db := fixture.Use(t, database, softdelete.Config{Models: []any{&archiveRaw{}}})
			fixture.Exec(t, db, c.before...)
			require.NoError(t, db.AutoMigrate(&archiveRaw{}))
			statements, err := softdelete.DDL(db, &archiveRaw{})
			require.NoError(t, err)
			require.Empty(t, statements)
			row := func() (text string) {
				require.NoError(t, db.Raw(c.row).Scan(&text).Error)
				return text
			}
			before := row()
			require.NotEmpty(t, before)
			require.NoError(t, db.Delete(&archiveRaw{ID: 1}).Error)
			require.Empty(t, row())
			_, err = softdelete.Restore(db, &archiveRaw{ID: 1})
			require.NoError(t, err)
			require.Equal(t, before, row())
		})
	}
}
