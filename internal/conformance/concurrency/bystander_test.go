package concurrency_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// A call waits for rows that it concerns. That its tables are small, so that a database would sooner read all of one than look rows up, is no
// reason to wait for others.
func TestCallsDoNotWaitForRowsThatTheyDoNotConcern(t *testing.T) {
	eachConc(t, testCallsDoNotWaitForRowsThatTheyDoNotConcern)
}

func testCallsDoNotWaitForRowsThatTheyDoNotConcern(t *testing.T) {
	type target struct {
		name  string
		model any
		ids   []uint
	}
	for _, set := range []struct {
		name    string
		models  []any
		rows    func(s *concStage)
		apart   []uint          // roots that no call concerns
		others  map[string]uint // rows of theirs by their tables
		targets []target
	}{
		{
			"a company", concCompany,
			func(s *concStage) {
				s.createCompany()
				s.create(&concOrg{ID: 3}, &concTeam{ID: 12, OrgID: 1}, &concTeam{ID: 31, OrgID: 3}, &concMember{ID: 112, TeamID: 11},
					&concMember{ID: 121, TeamID: 12}, &concNote{ID: 1121, MemberID: 112})
			},
			[]uint{2},
			map[string]uint{"conc_orgs": 2, "conc_teams": 21, "conc_members": 211, "conc_notes": 2111},
			[]target{
				{"an organization", &concOrg{}, []uint{1}},
				{"organizations", &concOrg{}, []uint{1, 3}},
				{"a team", &concTeam{}, []uint{11}},
				{"teams", &concTeam{}, []uint{11, 12}},
				{"members", &concMember{}, []uint{112, 121}},
			},
		},
		{
			"a press", concPress,
			func(s *concStage) {
				for id := uint(1); id <= 3; id++ {
					s.create(&concHouse{ID: id}, &concAuthor{ID: id, HouseID: concKey(id)}, &concMagazine{ID: id, HouseID: concKey(id)},
						&concArticle{ID: id, AuthorID: concKey(id), MagazineID: concKey(id)}, &concRemark{ID: id, ArticleID: id})
				}
			},
			[]uint{2},
			map[string]uint{"conc_houses": 2, "conc_authors": 2, "conc_magazines": 2, "conc_articles": 2, "conc_remarks": 2},
			[]target{
				{"a house", &concHouse{}, []uint{1}},
				{"houses", &concHouse{}, []uint{1, 3}},
				{"an author", &concAuthor{}, []uint{1}},
				{"authors", &concAuthor{}, []uint{1, 3}},
			},
		},
		{
			"folders",
			[]any{&concFolder{}},
			func(s *concStage) {
				for id := uint(10); id <= 30; id += 10 {
					s.create(&concFolder{ID: id}, &concFolder{ID: id + 1, ParentID: concKey(id)}, &concFolder{ID: id + 2, ParentID: concKey(id + 1)})
				}
			},
			[]uint{20},
			map[string]uint{"conc_folders": 22},
			[]target{{"a folder", &concFolder{}, []uint{10}}, {"folders", &concFolder{}, []uint{10, 31}}},
		},
		{
			"orders", concOrders,
			func(s *concStage) {
				s.createOrders()
				s.create(&concOrder{ID: 3, Text: "a", Lines: []concLine{{ID: 31, Text: "a", Parts: []concPiece{{ID: 311}}}}})
			},
			[]uint{2},
			map[string]uint{"conc_orders": 2, "conc_lines": 21, "conc_pieces": 211},
			[]target{{"an order", &concOrder{}, []uint{1}}, {"orders", &concOrder{}, []uint{1, 3}}, {"lines", &concLine{}, []uint{11, 31}}},
		},
	} {
		t.Run(set.name, func(t *testing.T) {
			s := newConcStage(t, set.models...)
			holder := s.connect()
			// apart runs a call while another transaction has locked the others, in the tables that end like this.
			apart := func(t *testing.T, ending string, call func(db *gorm.DB) error) {
				t.Helper()
				tx := holder.Begin()
				for table, id := range set.others {
					var locked []uint
					require.NoError(t, tx.Raw("SELECT id FROM "+table+ending+" WHERE id = ? FOR UPDATE", id).Scan(&locked).Error)
					require.Equal(t, []uint{id}, locked, table)
				}
				actor := s.actor()
				recorder := testdb.Record(actor.DB)
				run := actor.start(call)
				waits, sent := run.waitsOrEnds(), recorder.Statements()
				require.NoError(t, tx.Rollback().Error)
				require.NoError(t, run.result())
				require.False(t, waits, "the call waits for rows that it does not concern: %s", sent[len(sent)-1])
			}
			for _, of := range set.targets {
				told := func(db *gorm.DB) *gorm.DB {
					if len(of.ids) == 1 {
						return db.Where("id = ?", of.ids[0])
					}
					return db.Where("id IN ?", of.ids)
				}
				remove := func(db *gorm.DB) error { return told(db).Delete(of.model).Error }
				for name, call := range map[string]func(db *gorm.DB) error{
					"a deletion of ": remove,
					"a removal of ":  func(db *gorm.DB) error { return remove(db.Unscoped()) },
				} {
					t.Run(name+of.name, func(t *testing.T) {
						s.empty()
						set.rows(s)
						apart(t, "", call)
					})
				}
				t.Run("a restore of "+of.name, func(t *testing.T) {
					s.empty()
					set.rows(s)
					require.NoError(t, remove(s.actor().DB))
					require.NoError(t, s.actor().Delete(set.models[0], set.apart).Error)
					ending := ""
					if s.spectator.Migrator().HasTable(s.tables()[0] + "_archive") {
						ending = "_archive"
					}
					apart(t, ending, func(db *gorm.DB) error {
						_, err := softdelete.Restore(told(db), of.model)
						return err
					})
				})
			}
		})
	}
}
