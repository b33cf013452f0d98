package erasure_test

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// ReplayRow is what the models have in common; GORM embeds exported structs only.
	ReplayRow struct {
		CreatedAt time.Time
		Name      *string `pii:"null"`
	}
	replayTextKey struct {
		Org  string `gorm:"primaryKey;size:30"`
		Code string `gorm:"primaryKey;size:30"`
		ReplayRow
	}
	replayTimeKey struct {
		Device string    `gorm:"primaryKey;size:30"`
		At     time.Time `gorm:"primaryKey;precision:6"`
		ReplayRow
	}
	replayBytesKey struct {
		Sum []byte `gorm:"primaryKey;size:20"`
		ReplayRow
	}
	replayArrayKey struct {
		Org  string   `gorm:"primaryKey;size:30"`
		Code [16]byte `gorm:"primaryKey;type:uuid"`
		ReplayRow
	}
	replayUUIDKey struct {
		Code replayUUID `gorm:"primaryKey;type:uuid"`
		ReplayRow
	}
	replayNumberKey struct {
		Shard  int16  `gorm:"primaryKey;autoIncrement:false"`
		Number uint64 `gorm:"primaryKey;autoIncrement:false"`
		ReplayRow
	}
)

// replayUUID is a UUID as the usual packages have it: bytes for the program, text for the database.
type replayUUID [16]byte

func (u replayUUID) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16])
}

func (u replayUUID) Value() (driver.Value, error) { return u.String(), nil }

func (u *replayUUID) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("a %T is no UUID", value)
	}
	var digits string
	for _, r := range text {
		if r != '-' {
			digits += string(r)
		}
	}
	_, err := hex.Decode(u[:], []byte(digits))
	return err
}

func TestReplayErasuresKnowsKeysOfEveryKindExactly(t *testing.T) {
	at := time.Date(2026, 5, 1, 12, 0, 0, 123456000, time.FixedZone("", 2*3600+1800))
	name := func() ReplayRow { word := "canary"; return ReplayRow{Name: &word} }
	code := [16]byte{0xff, 0, 0x2c, 0x5c, 5: 7}
	for fact, c := range map[string]struct {
		erased, other func() any
		databases     testdb.Only
	}{
		"a comma in the first part": {
			func() any { return &replayTextKey{"a,b", "c", name()} }, func() any { return &replayTextKey{"a", "b,c", name()} }, testdb.Everywhere,
		},
		"a comma in the second part": {
			func() any { return &replayTextKey{"a", "b,c", name()} }, func() any { return &replayTextKey{"a,b", "c", name()} }, testdb.Everywhere,
		},
		"a comma and what escapes it": {
			func() any { return &replayTextKey{`a\`, `b\,"c`, name()} }, func() any { return &replayTextKey{`a\,b\`, `"c`, name()} }, testdb.Everywhere,
		},
		"a time in a zone": {
			func() any { return &replayTimeKey{"d", at, name()} }, func() any { return &replayTimeKey{"d", at.Add(time.Microsecond), name()} }, testdb.Everywhere,
		},
		"bytes that are no text": {
			func() any { return &replayBytesKey{[]byte{0xff, 0, 1}, name()} }, func() any { return &replayBytesKey{[]byte{0xff, 0, 2}, name()} }, testdb.Everywhere,
		},
		"bytes that are the text of others": {
			func() any { return &replayBytesKey{[]byte{0xff}, name()} }, func() any { return &replayBytesKey{[]byte(`\xff`), name()} }, testdb.Everywhere,
		},
		"a UUID": {
			func() any { return &replayUUIDKey{replayUUID(code), name()} }, func() any { return &replayUUIDKey{replayUUID{1}, name()} }, testdb.Everywhere,
		},
		"a UUID as an array": { // SQLite's driver binds no array
			func() any { return &replayArrayKey{"a,b", code, name()} }, func() any { return &replayArrayKey{"a", code, name()} }, testdb.OwnTypes,
		},
		"numbers": {
			func() any { return &replayNumberKey{-3, 1 << 62, name()} }, func() any { return &replayNumberKey{-3, 1<<62 + 1, name()} }, testdb.Everywhere,
		},
	} {
		t.Run(fact, func(t *testing.T) {
			testdb.EachOf(t, c.databases, func(t *testing.T, database *testdb.Database) {
				ledger, err := softdelete.FileLedger(filepath.Join(t.TempDir(), "ledger"))
				require.NoError(t, err)
				db := fixture.Open(t, database, softdelete.Config{Models: []any{c.erased()}, ErasureLedger: ledger})
				require.NoError(t, db.Create(c.other()).Error)
				require.NoError(t, db.Create(c.erased()).Error)
				restore := replayBackup(t, db, c.erased())
				_, err = softdelete.Erase(db, c.erased(), softdelete.ErasureRequest{ID: "r1"})
				require.NoError(t, err)
				restore()

				later := fixture.Use(t, database, softdelete.Config{Models: []any{c.erased()}, ErasureLedger: ledger})
				if database.Name == "postgres" { // the database writes times as the session wants them
					fixture.OneConnection(t, later)
					require.NoError(t, later.Exec("SET TIME ZONE 'Asia/Tokyo'").Error)
				}
				report, err := softdelete.ReplayErasures(later, ledger)
				require.NoError(t, err)
				require.Equal(t, softdelete.ReplayReport{Replayed: 1}, report)
				require.False(t, replayNamed(t, db, c.erased()))
				require.True(t, replayNamed(t, db, c.other()), "the other row is left alone")
				report, err = softdelete.ReplayErasures(later, ledger)
				require.NoError(t, err)
				require.Equal(t, softdelete.ReplayReport{AlreadyErased: 1}, report)
			})
		})
	}
}

// replayBackup copies the tables of an erasure; restore brings the copies back.
func replayBackup(t *testing.T, db *gorm.DB, models ...any) (restore func()) {
	t.Helper()
	var tables []string
	for _, model := range append(softdelete.Tables(), models...) {
		table := fixture.Table(t, db, model)
		tables = append(tables, table)
		require.NoError(t, db.Exec(fmt.Sprintf("CREATE TABLE backup_%s AS SELECT * FROM %s", table, table)).Error)
	}
	return func() {
		for _, table := range tables {
			require.NoError(t, db.Exec("DELETE FROM "+table).Error)
			require.NoError(t, db.Exec(fmt.Sprintf("INSERT INTO %s SELECT * FROM backup_%s", table, table)).Error)
		}
	}
}

// replayNamed tells whether the row with the value's key still has a name.
func replayNamed(t *testing.T, db *gorm.DB, value any) bool {
	t.Helper()
	var named int64
	require.NoError(t, db.Model(value).Where(value, "Org", "Code", "At", "Sum", "Number").Where("name = 'canary'").Count(&named).Error)
	return named == 1
}

func TestOneRequestForTwoSubjectsWhoseKeysHaveCommasIsRefused(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&replayTextKey{}}})
		rows := []replayTextKey{{Org: "a,b", Code: "c"}, {Org: "a", Code: "b,c"}}
		require.NoError(t, db.Create(&rows).Error)
		c, err := softdelete.Erase(db, &rows[0], softdelete.ErasureRequest{ID: "r"})
		require.NoError(t, err)
		require.Equal(t, `a\,b,c`, c.SubjectKey)
		_, err = softdelete.Erase(db, &rows[1], softdelete.ErasureRequest{ID: "r"})
		require.ErrorContains(t, err, "was for another subject")
	})
}

// textLedger keeps the columns that a ledger had before there were Parts.
type textLedger struct{ entries []softdelete.LedgerEntry }

func (l *textLedger) Append(_ context.Context, e softdelete.LedgerEntry) error {
	e.Parts = ""
	l.entries = append(l.entries, e)
	return nil
}

func (l *textLedger) Entries(context.Context) ([]softdelete.LedgerEntry, error) {
	return l.entries, nil
}

func TestReplayErasuresReadsAKeyOfTextOnlyWhereThatIsExact(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		ledger := &textLedger{}
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&replayTextKey{}, &replayTimeKey{}}, ErasureLedger: ledger})
		word := "canary"
		text := replayTextKey{Org: `a,b\`, Code: "c", ReplayRow: ReplayRow{Name: &word}}
		at := replayTimeKey{Device: "d", At: time.Unix(9, 0), ReplayRow: ReplayRow{Name: &word}}
		require.NoError(t, db.Create(&text).Error)
		require.NoError(t, db.Create(&at).Error)
		restore := replayBackup(t, db, &replayTextKey{}, &replayTimeKey{})
		for id, subject := range map[string]any{"text": &text, "time": &at} {
			_, err := softdelete.Erase(db, subject, softdelete.ErasureRequest{ID: id})
			require.NoError(t, err)
		}
		restore()
		entries := slices.Clone(ledger.entries)
		for i, entry := range entries {
			if entry.RequestID == "time" { // as versions wrote it whose keys of times were exact in Parts only
				entries[i].Key = "d,1970-01-01T00:00:09Z"
			}
		}
		report, err := softdelete.ReplayErasures(db, &textLedger{entries})
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		require.ErrorContains(t, err, "let the ledger keep LedgerEntry.Parts")
		require.Equal(t, softdelete.ReplayReport{Replayed: 1}, report)
		require.False(t, replayNamed(t, db, &replayTextKey{Org: text.Org, Code: text.Code}))
		report, err = softdelete.ReplayErasures(db, ledger)
		require.NoError(t, err)
		require.Equal(t, softdelete.ReplayReport{Replayed: 1, AlreadyErased: 1}, report)
		require.False(t, replayNamed(t, db, &replayTimeKey{Device: at.Device, At: at.At}))
	})
}

func TestReplayErasuresReadsLedgersOfEarlierVersions(t *testing.T) {
	at := time.Date(2026, 5, 1, 12, 0, 0, 123456000, time.UTC)
	word := "canary"
	name := ReplayRow{CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Name: &word}
	for fact, c := range map[string]struct {
		subject          func() any
		table, key, json string
	}{
		"texts":   {func() any { return &replayTextKey{"a,b", "c", name} }, "replay_text_keys", `a\,b,c`, `["a,b","c"]`},
		"a time":  {func() any { return &replayTimeKey{"d", at, name} }, "replay_time_keys", "d,2026-05-01T12:00:00.123456Z", `["d","2026-05-01T12:00:00.123456Z"]`},
		"bytes":   {func() any { return &replayBytesKey{[]byte{0xff, 0}, name} }, "replay_bytes_keys", `\xff00`, `[{"hex":"ff00"}]`},
		"numbers": {func() any { return &replayNumberKey{-3, 7, name} }, "replay_number_keys", "-3,7", `["-3","7"]`},
	} {
		t.Run(fact, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				db := fixture.Open(t, database, softdelete.Config{Models: []any{c.subject()}})
				require.NoError(t, db.Create(c.subject()).Error)
				identity := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d", c.table, c.json, name.CreatedAt.UnixNano()))
				ledger := &textLedger{[]softdelete.LedgerEntry{{
					RequestID: "r", Table: c.table, Key: c.key, Parts: c.json, Identity: hex.EncodeToString(identity[:]), Done: true,
				}}}
				report, err := softdelete.ReplayErasures(db, ledger)
				require.NoError(t, err)
				require.Equal(t, softdelete.ReplayReport{Replayed: 1}, report)
				require.False(t, replayNamed(t, db, c.subject()))
			})
		})
	}
}
