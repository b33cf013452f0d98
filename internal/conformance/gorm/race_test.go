package gorm_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// raceTeam and the models around it are used by many goroutines before anything else has used them.
type raceTeam struct {
	ID         uint
	Name       string
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
	Members    []raceMember `gorm:"foreignKey:TeamID" softdelete:"cascade"`
	Bills      []raceBill   `gorm:"foreignKey:TeamID" softdelete:"block"`
	Tags       []raceTag    `gorm:"many2many:race_team_tags"`
}

type raceMember struct {
	ID         uint
	TeamID     uint
	Team       *raceTeam `softdelete:"lazy;guard"`
	Name       string    `gorm:"uniqueIndex"`
	Status     string    `softdelete:"status;visible:on"`
	DeletionID softdelete.DeletionID
}

type raceBill struct {
	ID     uint
	TeamID uint
	Paid   bool `softdelete:"flag"`
}

type raceTag struct {
	ID        uint
	DeletedAt gorm.DeletedAt
}

// raceWork is what goroutine n does first. The rows with keys from 100 times n on are its own.
func raceWork(ctx context.Context, db *gorm.DB, registered bool, n int) error {
	own := uint(100 * (n + 1))
	switch n % 17 {
	case 0:
		return db.Find(&[]raceTeam{}).Error
	case 1:
		return db.First(&raceMember{}, 1).Error
	case 2:
		return db.Model(&raceBill{}).Count(new(int64)).Error
	case 3:
		return db.Preload("Members.Team").Preload("Tags").Find(&[]raceTeam{}).Error
	case 4:
		return db.Joins("Team").Find(&[]raceMember{}).Error
	case 5:
		return db.Create(&raceMember{ID: own, TeamID: 1, Name: fmt.Sprint(own), Status: "on"}).Error
	case 6:
		return db.Model(&raceMember{ID: 1}).Update("name", fmt.Sprint(own)).Error
	case 7:
		return errors.Join(db.Create(&raceTeam{ID: own}).Error, db.Delete(&raceTeam{ID: own}).Error)
	case 8:
		_, err := softdelete.Restore(db, &raceTeam{ID: 2})
		return err
	case 9:
		_, err := gorm.G[raceTeam](db, softdelete.WithDeleted).Where("id = ?", 2).Find(ctx)
		return err
	case 10:
		_, err := softdelete.Preview(db, &raceTeam{ID: 1})
		return err
	case 11:
		var members []raceMember
		return db.Model(&raceTeam{ID: 1}).Association("Members").Find(&members)
	case 12:
		if !registered { // GORM reads the join table's filter before any callback: such models belong in Config.Models
			return db.Preload("Tags").Find(&[]raceTeam{}).Error
		}
		return db.Model(&raceTeam{ID: 1}).Association("Tags").Find(&[]raceTag{})
	case 13:
		return db.Save(&raceMember{ID: own, TeamID: 1, Name: fmt.Sprint(own), Status: "on"}).Error
	case 14:
		rows, err := db.Model(&raceMember{}).InnerJoins("Team").Rows()
		if err != nil {
			return err
		}
		return rows.Close()
	case 15:
		_, err := gorm.G[raceMember](db).Where("id = ?", own).Update(ctx, "name", fmt.Sprint(own))
		return err
	default:
		return db.Where(softdelete.Live("race_members", &raceMember{})).Find(&[]raceMember{}).Error
	}
}

func TestManyGoroutinesMayUseModelsFirst(t *testing.T) {
	models := []any{&raceTeam{}, &raceMember{}, &raceBill{}, &raceTag{}}
	for name, config := range map[string]softdelete.Config{"registered": {Models: models}, "unregistered": {}} {
		t.Run(name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				prepared := fixture.Models(t, database, models)
				require.NoError(t, prepared.Create(&[]raceTeam{{ID: 1, Members: []raceMember{{ID: 1, Name: "a", Status: "on"}}}, {ID: 2}}).Error)
				for round := range 3 {
					db := database.Open(t)
					require.NoError(t, db.Use(softdelete.New(config)))
					var wait sync.WaitGroup
					start, errs := make(chan struct{}), make([]error, 32)
					for n := range errs {
						wait.Go(func() {
							<-start
							errs[n] = raceWork(t.Context(), db, len(config.Models) > 0, n+len(errs)*round)
						})
					}
					close(start)
					wait.Wait()
					require.NoError(t, errors.Join(errs...))
					sql := db.ToSQL(func(tx *gorm.DB) *gorm.DB { return tx.Find(&[]raceMember{}) })
					require.Regexp(t, `status. <> 'deleted'.* AND .*status. IN \('on'\).*NOT EXISTS`, sql)
				}
			})
		})
	}
}
