package policy_test

import (
	"database/sql"
	"testing"
	"time"

	"gorm.io/gorm"
)

func TestPolicyRefusesStrategies(t *testing.T) {
	type other struct{ A int }
	polRefuses(t, []polRefused{
		{"status on a gorm.DeletedAt", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"status"`
			}
			return &Article{}
		}()}, "Article.DeletedAt", []string{"status needs a string or integer", "timestamp"}},
		{"status on a *time.Time", []any{func() any {
			type Article struct {
				ID   uint
				Gone *time.Time `softdelete:"status"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"status needs a string or integer", "timestamp"}},
		{"status on a sql.NullTime", []any{func() any {
			type Article struct {
				ID   uint
				Gone sql.NullTime `softdelete:"status"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"status needs a string or integer", "timestamp"}},
		{"status on a bool", []any{func() any {
			type Article struct {
				ID   uint
				Gone bool `softdelete:"status"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"status needs a string or integer field, not bool"}},
		{"flag on a string", []any{func() any {
			type Article struct {
				ID   uint
				Gone string `softdelete:"flag"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"flag needs a bool or integer field, not string"}},
		{"flag on a time", []any{func() any {
			type Article struct {
				ID   uint
				Gone *time.Time `softdelete:"flag"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"flag needs a bool or integer field"}},
		{"timestamp on a string", []any{func() any {
			type Article struct {
				ID   uint
				Gone string `softdelete:"timestamp"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"gorm.DeletedAt, *time.Time, sql.NullTime or an integer, not string"}},
		{"timestamp on a bool", []any{func() any {
			type Article struct {
				ID   uint
				Gone bool `softdelete:"timestamp"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"not bool"}},
		{"timestamp on a time that cannot be NULL", []any{func() any {
			type Article struct {
				ID   uint
				Gone time.Time `softdelete:"timestamp"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"*time.Time, sql.NullTime or gorm.DeletedAt"}},
		{"timestamp on a NOT NULL time column, which could hold no live row", []any{func() any {
			type Article struct {
				ID   uint
				Gone *time.Time `gorm:"not null" softdelete:"timestamp"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"NULL"}},
		{"timestamp on an integer that is too small", []any{func() any {
			type Article struct {
				ID   uint
				Gone int16 `softdelete:"timestamp"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"int16 is too small", "int64"}},
		{"milliseconds in 32 bits", []any{func() any {
			type Article struct {
				ID   uint
				Gone int32 `softdelete:"timestamp;unit:ms"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"int32 is too small", "int64"}},
		{"unit on a time", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"unit:ms"`
			}
			return &Article{}
		}()}, "Article.DeletedAt", []string{`"unit"`, "integer"}},
		{"unit on a flag", []any{func() any {
			type Article struct {
				ID   uint
				Gone int `softdelete:"flag;unit:ms"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{`"unit" belongs to the strategy timestamp, not flag`}},
		{"an unknown unit", []any{func() any {
			type Article struct {
				ID   uint
				Gone int64 `softdelete:"timestamp;unit:minutes"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{`unknown unit "minutes"`, "s, ms, us and ns"}},
		{"unit without a strategy", []any{func() any {
			type Article struct {
				ID   uint
				Gone int64 `softdelete:"unit:ms"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{`"unit" needs a strategy`}},
		{"deleted without status", []any{func() any {
			type Article struct {
				ID   uint
				Gone bool `softdelete:"flag;deleted:1"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{`"deleted" belongs to the strategy status, not flag`}},
		{"visible without a strategy", []any{func() any {
			type Article struct {
				ID     uint
				Status string `softdelete:"visible:open"`
			}
			return &Article{}
		}()}, "Article.Status", []string{`"visible" needs a strategy`}},
		{"visible contains the deleted value", []any{func() any {
			type Article struct {
				ID     uint
				Status string `softdelete:"status;deleted:gone;visible:open,gone"`
			}
			return &Article{}
		}()}, "Article.Status", []string{"the deleted value gone cannot be visible"}},
		{"visible contains the default deleted value", []any{func() any {
			type Article struct {
				ID     uint
				Status string `softdelete:"status;visible:open,deleted"`
			}
			return &Article{}
		}()}, "Article.Status", []string{"the deleted value deleted cannot be visible"}},
		{"deleted and active are the same", []any{func() any {
			type Article struct {
				ID     uint
				Status string `softdelete:"status;deleted:off;active:off"`
			}
			return &Article{}
		}()}, "Article.Status", []string{"deleted and active are the same value off"}},
		{"a text for an integer status", []any{func() any {
			type Article struct {
				ID     uint
				Status int `softdelete:"status;deleted:gone;active:1"`
			}
			return &Article{}
		}()}, "Article.Status", []string{`"deleted"`, `"gone" is no integer`}},
		{"an integer status without values", []any{func() any {
			type Article struct {
				ID     uint
				Status int `softdelete:"status;active:1"`
			}
			return &Article{}
		}()}, "Article.Status", []string{"deleted:N"}},
		{"a negative value for an unsigned status", []any{func() any {
			type Article struct {
				ID     uint
				Status uint `softdelete:"status;deleted:-1;active:1"`
			}
			return &Article{}
		}()}, "Article.Status", []string{"-1 is negative"}},
		{"a value longer than the column", []any{func() any {
			type Article struct {
				ID     uint
				Status string `gorm:"size:4" softdelete:"status;deleted:removed;active:on"`
			}
			return &Article{}
		}()}, "Article.Status", []string{"longer than the column"}},
		{"a value that does not fit the integer", []any{func() any {
			type Article struct {
				ID     uint
				Status int8 `softdelete:"status;deleted:1000;active:1"`
			}
			return &Article{}
		}()}, "Article.Status", []string{"1000"}},
		{"two strategies on two fields", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt
				Status    string `softdelete:"status"`
			}
			return &Article{}
		}()}, "Article.Status", []string{"two strategies", "DeletedAt"}},
		{"two strategies on one field", []any{func() any {
			type Article struct {
				ID   uint
				Gone int `softdelete:"flag;timestamp"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"two strategies on one field: timestamp and flag"}},
		{"two strategies on the blank field", []any{func() any {
			type Article struct {
				_  struct{} `softdelete:"hard;never"`
				ID uint
			}
			return &Article{}
		}()}, "Article._", []string{"two strategies"}},
		{"never beside a gorm.Model", []any{func() any {
			type Article struct {
				_ struct{} `softdelete:"never"`
				gorm.Model
			}
			return &Article{}
		}()}, "Article.DeletedAt", []string{"two strategies", "gorm.DeletedAt field is the strategy timestamp"}},
		{"two gorm.DeletedAt fields", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt
				RemovedAt gorm.DeletedAt
			}
			return &Article{}
		}()}, "Article.RemovedAt", []string{"two strategies", "DeletedAt"}},
		{"a serialized column", []any{func() any {
			type Article struct {
				ID   uint
				Gone other `gorm:"serializer:json" softdelete:"flag"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"serializer"}},
		{"a time that every update writes", []any{func() any {
			type Article struct {
				ID   uint
				Gone int64 `gorm:"autoUpdateTime" softdelete:"timestamp"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"GORM fills the field", "autoUpdateTime"}},
		{"a time that every creation writes", []any{func() any {
			type Article struct {
				ID   uint
				Gone *time.Time `gorm:"autoCreateTime" softdelete:"timestamp"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"GORM fills the field"}},
		{"a field UpdatedAt as the time of deletion", []any{func() any {
			type Article struct {
				ID        uint
				UpdatedAt *time.Time `softdelete:"timestamp"`
			}
			return &Article{}
		}()}, "Article.UpdatedAt", []string{"GORM fills the field", "UpdatedAt"}},
		{"a field CreatedAt beside a flag", []any{func() any {
			type Article struct {
				ID        uint
				Gone      bool       `softdelete:"flag"`
				CreatedAt *time.Time `softdelete:"at"`
			}
			return &Article{}
		}()}, "Article.CreatedAt", []string{"GORM fills the field"}},
	})
}
