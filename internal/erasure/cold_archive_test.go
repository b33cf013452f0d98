package erasure_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	coldFiled struct {
		_         struct{} `softdelete:"archive;retain:1d;then:cold"`
		ID        uint
		CreatedAt time.Time
		Name      string      `pii:"fixed:-"`
		Mail      string      `pii:"template:gone-{id}"`
		Pages     []coldPaper `gorm:"foreignKey:FiledID" softdelete:"cascade"`
	}
	coldPaper struct {
		_       struct{} `softdelete:"archive;retain:1d;then:cold"`
		ID      uint
		FiledID uint
		Text    string `pii:"null"`
	}
)

func TestErasureReachesArchivedRowsInColdStorage(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, dir := fixture.ColdDir(t)
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&coldFiled{}, &coldPaper{}}, ColdStore: store, Ledger: true})
		require.NoError(t, s.Exec("ALTER TABLE cold_fileds_archive ADD COLUMN nickname text").Error)
		ctx := softdelete.WithReason(softdelete.WithActor(t.Context(), "by canary"), "canary asked")
		for n := range uint(2) { // the same key is archived twice, at times of its own
			s.Add(&coldFiled{ID: 1, Name: "canary", Mail: "canary", Pages: []coldPaper{{ID: 10 + n, Text: "canary"}}})
			*s.Now = s.Now.Add(time.Hour)
			require.NoError(t, s.WithContext(ctx).Delete(&coldFiled{ID: 1}).Error)
		}
		s.Add(&coldFiled{ID: 2, Name: "bystander", Mail: "bystander", Pages: []coldPaper{{ID: 20, Text: "bystander"}}})
		require.NoError(t, s.Delete(&coldFiled{ID: 2}).Error)
		require.NoError(t, s.Exec("UPDATE cold_fileds_archive SET nickname = 'little canary' WHERE id = 1").Error)
		*s.Now = s.Now.Add(40 * fixture.Day)
		_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		require.NotEmpty(t, coldWith(coldContent(t, dir), "little canary"))
		bystander := coldWith(coldContent(t, dir), "bystander")

		certificate, err := softdelete.Erase(s.DB, &coldFiled{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		counts := map[string]int64{}
		for _, table := range certificate.Tables {
			counts[table.Table] = table.Masked
		}
		require.Equal(t, map[string]int64{"cold_fileds_archive (cold storage)": 2, "cold_papers_archive (cold storage)": 2}, counts)
		require.Empty(t, coldWith(coldContent(t, dir), "canary"), "the actors and what the model no longer has are gone too")
		require.Equal(t, bystander, coldWith(coldContent(t, dir), "bystander"))
		var named int64
		require.NoError(t, s.Table("softdelete_deletions").Where("actor <> '' OR reason <> ''").Count(&named).Error)
		require.Zero(t, named)
		again, err := softdelete.Erase(s.DB, &coldFiled{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Empty(t, again.Tables)
	})
}

func TestArchivedRowsThatWereErasedBeforeTheyWentToColdStorageAreErasedThere(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, dir := fixture.ColdDir(t)
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&coldFiled{}, &coldPaper{}}, ColdStore: store})
		s.Add(&coldFiled{ID: 1, Name: "canary", Mail: "canary", Pages: []coldPaper{{ID: 10, Text: "canary"}}})
		_, err := softdelete.Erase(s.DB, &coldFiled{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		*s.Now = s.Now.Add(40 * fixture.Day)
		_, err = softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		before := coldContent(t, dir)
		require.Len(t, before, 2)
		certificate, err := softdelete.Erase(s.DB, &coldFiled{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Empty(t, certificate.Tables)
		require.Equal(t, before, coldContent(t, dir))
	})
}
