package policy_test

import (
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

func TestPolicyRefusesCompanions(t *testing.T) {
	polRefuses(t, []polRefused{
		{"a second DeletionID", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt
				First     softdelete.DeletionID
				Second    softdelete.DeletionID
			}
			return &Article{}
		}()}, "Article.Second", []string{"a second DeletionID, after First"}},
		{"a second field tagged at", []any{func() any {
			type Article struct {
				ID     uint
				Gone   bool       `softdelete:"flag"`
				First  *time.Time `softdelete:"at"`
				Second *time.Time `softdelete:"at"`
			}
			return &Article{}
		}()}, "Article.Second", []string{`a second field tagged "at", after First`}},
		{"at beside timestamp", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt
				When      *time.Time `softdelete:"at"`
			}
			return &Article{}
		}()}, "Article.When", []string{`"at" is for flag and status`}},
		{"at without a strategy", []any{func() any {
			type Article struct {
				ID   uint
				When *time.Time `softdelete:"at"`
			}
			return &Article{}
		}()}, "Article.When", []string{`"at" needs a strategy`}},
		{"at on a string", []any{func() any {
			type Article struct {
				ID   uint
				Gone bool   `softdelete:"flag"`
				When string `softdelete:"at"`
			}
			return &Article{}
		}()}, "Article.When", []string{"not string"}},
		{"at with an unknown unit", []any{func() any {
			type Article struct {
				ID   uint
				Gone bool  `softdelete:"flag"`
				When int64 `softdelete:"at;unit:weeks"`
			}
			return &Article{}
		}()}, "Article.When", []string{`unknown unit "weeks"`}},
		{"at with an unknown word", []any{func() any {
			type Article struct {
				ID   uint
				Gone bool       `softdelete:"flag"`
				When *time.Time `softdelete:"at;untt:ms"`
			}
			return &Article{}
		}()}, "Article.When", []string{`unknown setting "untt" (did you mean "unit"?)`}},
		{"a DeletionID that is too short", []any{func() any {
			type Article struct {
				ID         uint
				DeletedAt  gorm.DeletedAt
				DeletionID softdelete.DeletionID `gorm:"size:36"`
			}
			return &Article{}
		}()}, "Article.DeletionID", []string{"45 characters, the column 36"}},
		{"previous beside a flag", []any{func() any {
			type Article struct {
				ID   uint
				Gone bool   `softdelete:"flag"`
				Was  string `softdelete:"previous"`
			}
			return &Article{}
		}()}, "Article.Was", []string{`"previous" belongs to the strategy status, not flag`}},
		{"previous without a strategy", []any{func() any {
			type Article struct {
				ID  uint
				Was string `softdelete:"previous"`
			}
			return &Article{}
		}()}, "Article.Was", []string{`"previous" needs a strategy`}},
		{"previous of another type", []any{func() any {
			type Article struct {
				ID     uint
				Status string `softdelete:"status"`
				Was    int    `softdelete:"previous"`
			}
			return &Article{}
		}()}, "Article.Was", []string{"the former status needs the type of Status"}},
		{"actor on an integer", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt
				By        int `softdelete:"actor"`
			}
			return &Article{}
		}()}, "Article.By", []string{"make it a string"}},
		{"reason without a strategy", []any{func() any {
			type Article struct {
				_   struct{} `softdelete:"never"`
				ID  uint
				Why string `softdelete:"reason"`
			}
			return &Article{}
		}()}, "Article.Why", []string{`"reason" needs a strategy`}},
	})
}

func TestPolicyRefusesRetention(t *testing.T) {
	polRefuses(t, []polRefused{
		{"retain without a deletion time", []any{func() any {
			type Article struct {
				ID   uint
				Gone bool `softdelete:"flag;retain:90d"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"retain needs a deletion time", "at", "clock:Field"}},
		{"retain on a model that keeps no deleted rows", []any{func() any {
			type Article struct {
				_  struct{} `softdelete:"hard;retain:90d"`
				ID uint
			}
			return &Article{}
		}()}, "Article._", []string{"retain needs a deletion time"}},
		{"a period that is none", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"retain:soon"`
			}
			return &Article{}
		}()}, "Article.DeletedAt", []string{`"soon" is no period`, "36h, 30d, 6mo or 7y"}},
		{"a negative period", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"retain:-3d"`
			}
			return &Article{}
		}()}, "Article.DeletedAt", []string{`"-3d" is no period`}},
		{"a period with an unknown unit", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"retain:3w"`
			}
			return &Article{}
		}()}, "Article.DeletedAt", []string{`"3w" has an unknown unit`, "h, d, mo and y"}},
		{"a period without a unit", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"retain:90"`
			}
			return &Article{}
		}()}, "Article.DeletedAt", []string{`"90" has an unknown unit`}},
		{"a period beyond reckoning", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"retain:99999999999999999999y"`
			}
			return &Article{}
		}()}, "Article.DeletedAt", []string{"99999999999999999999y"}},
		{"then without retain", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"then:purge"`
			}
			return &Article{}
		}()}, "Article.DeletedAt", []string{`"then" needs retain`}},
		{"an unknown then", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"retain:90d;then:burn"`
			}
			return &Article{}
		}()}, "Article.DeletedAt", []string{`then: "burn" is unknown`, "purge, erase, cold and keep"}},
		{"a clock that is no field", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"retain:90d;clock:ClosedAt"`
			}
			return &Article{}
		}()}, "Article.DeletedAt", []string{"clock: the model has no field ClosedAt"}},
		{"a clock that is no time", []any{func() any {
			type Article struct {
				ID        uint
				Title     string
				DeletedAt gorm.DeletedAt `softdelete:"retain:90d;clock:Title"`
			}
			return &Article{}
		}()}, "Article.DeletedAt", []string{"clock", "Title"}},
		{"a tenant that is no field", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"tenant:OrgID"`
			}
			return &Article{}
		}()}, "Article.DeletedAt", []string{"tenant: the model has no field OrgID"}},
		{"a setting in two places", []any{func() any {
			type Article struct {
				_         struct{} `softdelete:"retain:1y"`
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"retain:90d"`
			}
			return &Article{}
		}()}, "Article.DeletedAt", []string{`"retain" is set twice`}},
	})
}
