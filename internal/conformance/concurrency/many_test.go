package concurrency_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// More archived rows than a restore remembers the keys of: one that is archived while it looks fulfils its condition too.
func TestARowThatIsArchivedWhileManyComeBackIsErasedWhereverItIs(t *testing.T) {
	eachConc(t, testARowThatIsArchivedWhileManyComeBackIsErasedWhereverItIs)
}

func testARowThatIsArchivedWhileManyComeBackIsErasedWhereverItIs(t *testing.T) {
	s := newConcStage(t, &concVisitor{}, &concVisit{})
	require.NoError(t, s.actor().AutoMigrate(softdelete.Tables()...))
	for _, many := range []int{20, 150} { // fewer than deletion.FewKeys, and more
		s.eachStatement(func(n int) *concStop {
			for _, table := range []string{"conc_visitors_archive", "conc_visits_archive", "softdelete_erased_rows", "softdelete_holds"} {
				require.NoError(t, s.spectator.Exec("DELETE FROM "+table).Error)
			}
			fixture.Exec(t, s.spectator, fixture.Series("conc_visitors (id, name)", many, "i, 'Ann'"))
			require.NoError(t, s.actor().Where("id > 0").Delete(&concVisitor{}).Error)
			s.acting = 0
			restorer, other := s.actor(), s.actor()
			stop := restorer.stopBeforeNumber(n)
			restore := restorer.start(func(db *gorm.DB) error {
				_, err := softdelete.Restore(db.Where("id > 0"), &concVisitor{})
				return err
			})
			stop.wait(restore)
			require.NoError(t, other.Create(&concVisitor{ID: 500, Name: "secret"}).Error)
			deletion := other.start(concDelete(&concVisitor{ID: 500}))
			waits := deletion.waitsOrEnds()
			atDelete := restorer.stopBefore("DELETE FROM " + s.quoted("conc_visitors_archive"))
			atDelete.numbered = true
			stop.goOn()
			if waits {
				require.NoError(t, restore.result())
				require.NoError(t, deletion.result())
				return stop
			}
			atDelete.wait(restore)
			erasure := other.start(func(db *gorm.DB) error {
				_, err := softdelete.Erase(db, &concVisitor{ID: 500}, softdelete.ErasureRequest{})
				return err
			})
			erasure.waitsOrEnds()
			atDelete.goOn()
			e1, e2 := restore.result(), erasure.result()
			require.NoError(t, e1)
			require.NoError(t, e2)
			require.Equal(t, "0", s.rows("SELECT count(*) FROM (SELECT id, name FROM conc_visitors UNION ALL SELECT id, name FROM conc_visitors_archive) AS v WHERE name = 'secret'"),
				"stopped before statement %d, of %d", n, many)
			require.Equal(t, "1", s.rows("SELECT count(*) FROM (SELECT id, name FROM conc_visitors UNION ALL SELECT id, name FROM conc_visitors_archive) AS v WHERE id = 500"),
				"stopped before statement %d, of %d", n, many)
			return stop
		})
	}
}

func TestARowThatIsDeletedWhileManyComeBackComesBackWithItsRowsOrNotAtAll(t *testing.T) {
	eachConc(t, testARowThatIsDeletedWhileManyComeBackComesBackWithItsRowsOrNotAtAll)
}

func testARowThatIsDeletedWhileManyComeBackComesBackWithItsRowsOrNotAtAll(t *testing.T) {
	s := newConcStage(t, concPress...)
	for _, many := range []int{20, 150} {
		s.eachStatement(func(n int) *concStop {
			fixture.Exec(t, s.spectator, fixture.Series("conc_authors (id, name)", many, "i, 'wanted'"))
			require.NoError(t, s.actor().Where("name = ?", "wanted").Delete(&concAuthor{}).Error)
			s.create(&concAuthor{ID: 500, Name: "wanted"}, &concArticle{ID: 500, AuthorID: concKey(500)})
			s.acting = 0
			restorer := s.actor()
			stop := restorer.stopBeforeNumber(n)
			restore := restorer.start(func(db *gorm.DB) error { return concRestore(&concAuthor{})(db.Where("name = ?", "wanted")) })
			stop.wait(restore)
			deletion := s.actor().start(concDelete(&concAuthor{ID: 500}))
			deletion.waitsOrEnds()
			stop.goOn()
			require.NoError(t, restore.result())
			require.NoError(t, deletion.result())
			require.Equal(t, s.rows("SELECT id FROM conc_authors WHERE id = 500 AND deleted_at IS NULL"), s.rows("SELECT id FROM conc_articles WHERE id = 500 AND deleted_at IS NULL"),
				"stopped before statement %d, of %d", n, many)
			return stop
		})
	}
}

// More rows than a deletion remembers the keys of: one that begins to fulfil its condition goes with what is under it, or not at all.
func TestARowThatBeginsToFulfilTheConditionOfADeletionOfMany(t *testing.T) {
	eachConc(t, testARowThatBeginsToFulfilTheConditionOfADeletionOfMany)
}

func testARowThatBeginsToFulfilTheConditionOfADeletionOfMany(t *testing.T) {
	s := newConcStage(t, concOrders...)
	for name, c := range map[string]struct {
		table  string
		delete func(db *gorm.DB) *gorm.DB
	}{
		"an archived model": {"conc_lines", func(db *gorm.DB) *gorm.DB { return db }},
		"for good":          {"conc_lines", (*gorm.DB).Unscoped},
		"from the bin":      {"conc_lines_archive", func(db *gorm.DB) *gorm.DB { return db.Clauses(softdelete.OnlyDeleted).Unscoped() }},
	} {
		t.Run(name, func(t *testing.T) {
			s.eachStatement(func(n int) *concStop {
				s.createOrders()
				fixture.Exec(t, s.spectator, fixture.Series("conc_lines (id, order_id, text)", 150, "1000 + i, 2, 'b'"))
				s.create(&concLine{ID: 500, OrderID: 2, Text: "c", Parts: []concPiece{{ID: 500}}})
				if c.table == "conc_lines_archive" {
					require.NoError(t, s.actor().Where("text IN ('b', 'c')").Delete(&concLine{}).Error)
					s.acting = 0
				}
				remove := func(db *gorm.DB) error { return c.delete(db).Where("text = 'b'").Delete(&concLine{}).Error }
				update := func(db *gorm.DB) error { return db.Exec("UPDATE " + c.table + " SET text = 'b' WHERE id = 500").Error }
				stop := s.pair(n, remove, update, softdelete.ErrBlocked)
				for _, table := range []string{"", "_archive"} {
					require.Equal(t, s.rows("SELECT id FROM conc_lines"+table+" WHERE id = 500"), s.rows("SELECT id FROM conc_pieces"+table+" WHERE id = 500"),
						"stopped before statement %d", n)
				}
				return stop
			})
		})
	}
}
