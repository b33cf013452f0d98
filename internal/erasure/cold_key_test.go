package erasure_test

import (
	"database/sql/driver"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// coldUUID is a key type with a form of its own for the database.
type coldUUID [16]byte

func (u coldUUID) Value() (driver.Value, error) {
	return fmt.Sprintf("%X-%X-%X-%X-%X", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16]), nil
}

func (u *coldUUID) Scan(value any) error {
	_, err := fmt.Sscanf(strings.ReplaceAll(fmt.Sprint(value), "-", ""), "%32x", (*sliceOfUUID)(u))
	return err
}

// sliceOfUUID scans the hexadecimal digits of a UUID.
type sliceOfUUID [16]byte

func (s *sliceOfUUID) Scan(state fmt.ScanState, _ rune) error {
	var digits []byte
	_, err := fmt.Fscanf(state, "%x", &digits)
	copy(s[:], digits)
	return err
}

type (
	keyUUID struct {
		ID        coldUUID `gorm:"type:uuid;primaryKey"`
		CreatedAt time.Time
		Name      string         `pii:"fixed:-"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
	}
	keyUUIDNote struct {
		ID        uint
		Owner     coldUUID       `gorm:"type:uuid" pii:"subject:keyUUID"`
		Text      string         `pii:"zero"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
	}
	keyChar struct {
		ID        string         `gorm:"type:char(8);primaryKey"`
		Name      string         `pii:"fixed:-"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
	}
	keyCharNote struct {
		ID        uint
		Owner     string         `gorm:"type:varchar(8)" pii:"subject:keyChar"`
		Text      string         `pii:"zero"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
	}
	keyBytes struct {
		ID        []byte         `gorm:"primaryKey;size:20"`
		Name      string         `pii:"fixed:-"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
	}
	keyBytesNote struct {
		ID        uint
		Owner     []byte         `pii:"subject:keyBytes"`
		Text      string         `pii:"zero"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
	}
	keyPair struct {
		Country   string         `gorm:"primaryKey"`
		Number    string         `gorm:"primaryKey"`
		Name      string         `pii:"fixed:-"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
		Notes     []keyPairNote  `gorm:"foreignKey:Country,Number;references:Country,Number" softdelete:"cascade"`
		Calls     []keyPairCall  `gorm:"foreignKey:Country,Number;references:Country,Number;constraint:-"`
	}
	keyPairNote struct {
		ID              uint
		Country, Number string
		Text            string         `pii:"zero"`
		DeletedAt       gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
	}
	keyPairCall struct {
		ID              uint
		Country, Number string
		Text            string `pii:"zero"`
	}
	keyFloat struct {
		ID        float64        `gorm:"primaryKey"`
		Name      string         `pii:"fixed:-"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
	}
)

func TestKeysInColdStorageAreComparedAsTheDatabaseComparesThem(t *testing.T) {
	one, two := coldUUID{0xAB, 15: 1}, coldUUID{0xAB, 15: 2}
	long := gorm.DeletedAt{Time: fixture.Now.Add(-40 * fixture.Day), Valid: true}
	for fact, c := range map[string]struct {
		models  []any
		rows    []any
		subject any
		masked  int
	}{
		"a UUID, given in capital letters": {
			[]any{&keyUUID{}, &keyUUIDNote{}},
			[]any{
				&[]keyUUID{{ID: one, Name: "canary", DeletedAt: long}, {ID: two, Name: "bystander", DeletedAt: long}},
				&[]keyUUIDNote{{ID: 1, Owner: one, Text: "canary", DeletedAt: long}, {ID: 2, Owner: two, Text: "bystander", DeletedAt: long}},
			},
			&keyUUID{ID: one}, 2,
		},
		"a text of fixed length": {
			[]any{&keyChar{}, &keyCharNote{}},
			[]any{
				&[]keyChar{{ID: "a", Name: "canary", DeletedAt: long}, {ID: "b", Name: "bystander", DeletedAt: long}},
				&[]keyCharNote{{ID: 1, Owner: "a", Text: "canary", DeletedAt: long}, {ID: 2, Owner: "b", Text: "bystander", DeletedAt: long}},
			},
			&keyChar{ID: "a"}, 2,
		},
		"bytes": {
			[]any{&keyBytes{}, &keyBytesNote{}},
			[]any{
				&[]keyBytes{{ID: []byte{0, 255}, Name: "canary", DeletedAt: long}, {ID: []byte("x00ff"), Name: "bystander", DeletedAt: long}},
				&[]keyBytesNote{{ID: 1, Owner: []byte{0, 255}, Text: "canary", DeletedAt: long}, {ID: 2, Owner: []byte("x00ff"), Text: "bystander", DeletedAt: long}},
			},
			&keyBytes{ID: []byte{0, 255}}, 2,
		},
		"two columns": {
			[]any{&keyPair{}, &keyPairNote{}, &keyPairCall{}},
			[]any{
				&[]keyPair{{Country: "a,b", Number: "c", Name: "canary", DeletedAt: long}, {Country: "a", Number: "b,c", Name: "bystander", DeletedAt: long}},
				&[]keyPairNote{
					{ID: 1, Country: "a,b", Number: "c", Text: "canary", DeletedAt: long}, {ID: 2, Country: "a", Number: "b,c", Text: "bystander", DeletedAt: long},
				},
				&[]keyPairCall{{ID: 1, Country: "a,b", Number: "c", Text: "canary"}, {ID: 2, Country: "a", Number: "b,c", Text: "bystander"}},
			},
			&keyPair{Country: "a,b", Number: "c"}, 3,
		},
	} {
		t.Run(fact, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				store, dir := fixture.ColdDir(t)
				s := fixture.NewStage(t, database, softdelete.Config{Models: c.models, ColdStore: store})
				s.Add(c.rows[:2]...)
				_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
				require.NoError(t, err)
				s.Add(c.rows[2:]...)
				require.Len(t, coldWith(coldContent(t, dir), "canary"), 2)
				certificate, err := softdelete.Erase(s.DB, c.subject, softdelete.ErasureRequest{ID: "r"})
				require.NoError(t, err)
				masked := 0
				for _, table := range certificate.Tables {
					masked += int(table.Masked)
				}
				require.Equal(t, c.masked, masked)
				require.Empty(t, coldWith(coldContent(t, dir), "canary"))
				require.Len(t, coldWith(coldContent(t, dir), "bystander"), 2)
			})
		})
	}
}

func TestACertificateSaysWhereKeysInColdStorageCannotBeCompared(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, _ := fixture.ColdDir(t)
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&keyFloat{}}, ColdStore: store})
		s.Add(&keyFloat{ID: 0.1, Name: "canary"})
		certificate, err := softdelete.Erase(s.DB, &keyFloat{ID: 0.1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Contains(t, certificate.Text(), "Note: rows of key_floats in cold storage may be left: the values of the key column id of key_floats "+
			"cannot be compared outside of the database; thaw them and erase again\n")
	})
}

// reusedKey has the rows of coldPeople, and another person with the key of the first.
func reusedKey(t *testing.T, database *testdb.Database) (*fixture.Stage, softdelete.ColdStore, string) {
	t.Helper()
	store, dir := fixture.ColdDir(t)
	s := coldPeople(t, database, store)
	*s.Now = s.Now.Add(time.Hour)
	s.Add(&coldPerson{ID: 1, Name: "newcomer Person", Mail: "newcomer@mail.test"})
	return s, store, dir
}

func TestAnErasureSparesARowInColdStorageWhoseKeyIsUsedAgain(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s, _, dir := reusedKey(t, database)
		before := coldWith(coldContent(t, dir), "canary Person")
		certificate, err := softdelete.Erase(s.DB, &coldPerson{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Equal(t, before, coldWith(coldContent(t, dir), "canary Person"), "it is another person's")
		require.Contains(t, certificate.Text(), "1 row of cold_people in cold storage with the same key and another time of creation")
		var person coldPerson
		require.NoError(t, s.Unscoped().First(&person, 1).Error)
		require.Equal(t, "-", person.Name)
	})
}

func TestAnErasureSparesRowsInTheDatabaseThatBelongToALaterRowWithAKeyOfColdStorage(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, dir := fixture.ColdDir(t)
		s := coldPeople(t, database, store)
		s.Add(&coldPerson{ID: 3, Name: "newcomer", Mail: "newcomer@mail.test", Trips: []coldTrip{
			{ID: 11, Profile: "{}", IP: "192.0.2.1", Stops: []coldStop{{ID: 99, Place: "newcomer place"}}},
		}})
		_, err := softdelete.Erase(s.DB, &coldPerson{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Empty(t, coldWith(coldContent(t, dir), "canary goal"))
		var stop coldStop
		require.NoError(t, s.First(&stop, 99).Error, "it is a stop of the newcomer's trip")
		require.Equal(t, "newcomer place", stop.Place)
	})
}

func TestOfSeveralSubjectsInColdStorageWithOneKeyTheLastOneIsErased(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s, _, dir := reusedKey(t, database)
		s.DeleteAgo(0, &coldPerson{ID: 1})
		*s.Now = s.Now.Add(40 * fixture.Day)
		_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		certificate, err := softdelete.Erase(s.DB, &coldPerson{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Contains(t, certificate.Text(), "1 row of cold_people in cold storage with the same key and another time of creation")
		require.Empty(t, coldWith(coldContent(t, dir), "newcomer Person"))
		require.NotEmpty(t, coldWith(coldContent(t, dir), "canary Person"))
	})
}
