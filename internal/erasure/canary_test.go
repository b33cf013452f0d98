package erasure_test

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestNoPersonalValueLeavesTheRows(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		var lines bytes.Buffer
		config := gdprConfig()
		config.Processors = []softdelete.Processor{fixture.NewParty("party", 1)}
		ledgerFile := filepath.Join(t.TempDir(), "ledger")
		ledger, err := softdelete.FileLedger(ledgerFile)
		require.NoError(t, err)
		config.ErasureLedger, config.Ledger = ledger, true
		db := fixture.Open(t, database, config, &gorm.Config{
			Logger: logger.New(log.New(&lines, "", 0), logger.Config{LogLevel: logger.Info, SlowThreshold: time.Nanosecond}),
		})
		user := gdprPerson(t, db, "quokka")
		stale := *user
		require.NoError(t, db.WithContext(softdelete.WithReason(softdelete.WithActor(t.Context(), "actor quokka"), "for quokka")).Delete(&user.Posts[0]).Error)
		require.NoError(t, db.Model(&gdprPost{}).Where("id > 0").Update("body", "").Error)
		taken := fmt.Sprintf("redacted-%d@example.invalid", user.ID)
		blocker := gdprUser{Name: "b", Email: taken, Login: "b"}
		require.NoError(t, db.Create(&blocker).Error)
		require.NoError(t, db.Unscoped().Model(&gdprPost{}).Where("author_id = ?", user.ID).Update("body", "by quokka person").Error)
		lines.Reset()

		var texts []string
		note := func(err error) {
			require.Error(t, err)
			texts = append(texts, err.Error())
		}
		_, err = softdelete.Erase(db, user, softdelete.ErasureRequest{ID: "r", Ground: "17.1.b"})
		require.ErrorIs(t, err, gorm.ErrDuplicatedKey, "the masked address is taken")
		note(err)
		require.NoError(t, db.Unscoped().Delete(&blocker).Error)
		_, err = softdelete.Erase(db, user, softdelete.ErasureRequest{ID: "r"})
		note(err) // the post
		require.NoError(t, db.Unscoped().Model(&gdprPost{}).Where("author_id = ?", user.ID).Update("body", "").Error)
		certificate, err := softdelete.Erase(db, user, softdelete.ErasureRequest{ID: "r", Ground: "17.1.b"})
		require.NoError(t, err)
		note(softdelete.DispatchErasures(db))
		note(db.Save(&stale).Error)
		note(db.Model(&gdprUser{ID: user.ID}).Updates(map[string]any{"name": "quokka"}).Error)
		note(db.Clauses(clause.OnConflict{UpdateAll: true}).Omit(clause.Associations).Create(&stale).Error)
		entries, err := os.ReadFile(ledgerFile)
		require.NoError(t, err)
		texts = append(texts, certificate.Text(), string(entries), lines.String(), fixture.Dump(t, db, softdelete.Tables()...))
		require.NotEmpty(t, lines.String())
		for _, text := range texts {
			for _, line := range strings.Split(text, "\n") {
				require.NotContains(t, strings.ToLower(line), "quokka")
			}
		}
	})
}

func TestTheRawFileHoldsNoPersonalValue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "raw.db")
	open := func(dsn string) *gorm.DB {
		db, err := gorm.Open(sqlite.Open(dsn), &gorm.Config{Logger: logger.Discard})
		require.NoError(t, err)
		require.NoError(t, db.Use(softdelete.New(gdprConfig())))
		require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), gdprModels()...)...))
		return db
	}
	db := open("file:" + path + "?_journal_mode=WAL&_secure_delete=true")
	user := gdprPerson(t, db, "quokka")
	require.NoError(t, db.Model(&gdprUser{ID: user.ID}).Update("vat_number", "").Error) // the only value that is kept
	certificate, err := softdelete.Erase(db, user, softdelete.ErasureRequest{})
	require.NoError(t, err)
	require.Equal(t, []string{"SQLite's write-ahead log may hold old pages until a checkpoint truncates it"}, certificate.Notes)
	require.NoError(t, db.Exec("PRAGMA wal_checkpoint(TRUNCATE)").Error)
	for _, name := range []string{path, path + "-wal"} {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		require.False(t, bytes.Contains(bytes.ToLower(content), []byte("quokka")), name)
	}
	pool, err := db.DB()
	require.NoError(t, err)
	require.NoError(t, pool.Close())
}

func TestNoPersonalValueOfAnEventLogOrArchiveIsLogged(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		var lines bytes.Buffer
		info := &gorm.Config{Logger: logger.New(log.New(&lines, "", 0), logger.Config{LogLevel: logger.Info, SlowThreshold: time.Nanosecond})}
		config := filedConfig(3)
		config.Models = append(config.Models, loggedModels()...)
		db := fixture.Open(t, database, config, info)
		p := loggedWord(t, db, "quokka")
		filedWord(t, db, "y", "quokka")
		require.NoError(t, db.Model(&loggedPerson{ID: p.ID}).Update("plan", "first quokka").Error)
		require.NoError(t, db.Model(&loggedPerson{ID: p.ID}).Update("plan", "").Error)
		lines.Reset()
		_, err := softdelete.Erase(db, p, softdelete.ErasureRequest{})
		require.ErrorContains(t, err, "column data, plan")
		text := err.Error()
		require.NoError(t, db.Exec("UPDATE logged_people_events SET data = '{}' WHERE "+fixture.Text(db, "data")+" LIKE '%first quokka%' AND type = 'updated' AND version > 6").Error)
		lines.Reset()
		certificate, err := softdelete.Erase(db, p, softdelete.ErasureRequest{})
		require.NoError(t, err)
		text += certificate.Text()
		certificate, err = softdelete.Erase(db, &filedPerson{Login: "y"}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		text += certificate.Text()
		require.NotEmpty(t, lines.String())
		for _, line := range strings.Split(text+lines.String()+fixture.Dump(t, db, softdelete.Tables()...), "\n") {
			require.NotContains(t, strings.ToLower(line), "quokka")
		}
	})
}

func TestTheRawFileHoldsNoPersonalValueOfLogsAndArchives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "raw.db")
	config := filedConfig(3)
	config.Models = append(config.Models, loggedModels()...)
	db, err := gorm.Open(sqlite.Open("file:"+path+"?_journal_mode=WAL&_secure_delete=true"), &gorm.Config{Logger: logger.Discard})
	require.NoError(t, err)
	require.NoError(t, db.Use(softdelete.New(config)))
	require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), config.Models...)...))
	p := loggedWord(t, db, "quokka")
	filedWord(t, db, "y", "quokka")
	for _, subject := range []any{p, &filedPerson{Login: "y"}} {
		_, err := softdelete.Erase(db, subject, softdelete.ErasureRequest{})
		require.NoError(t, err)
	}
	require.NoError(t, db.Exec("PRAGMA wal_checkpoint(TRUNCATE)").Error)
	for _, name := range []string{path, path + "-wal"} {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, word := range []string{"quokka", "71756f6b6b61"} {
			require.False(t, bytes.Contains(bytes.ToLower(content), []byte(word)), "%s in %s", word, name)
		}
	}
	pool, err := db.DB()
	require.NoError(t, err)
	require.NoError(t, pool.Close())
}
