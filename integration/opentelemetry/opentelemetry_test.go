// Package opentelemetry_test checks softdelete together with gorm.io/plugin/opentelemetry.
package opentelemetry_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"
	"gorm.io/plugin/opentelemetry/tracing"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type Author struct {
	ID        uint
	Email     string `gorm:"uniqueIndex"`
	DeletedAt gorm.DeletedAt
	Books     []Book  `softdelete:"cascade"`
	Awards    []Award `softdelete:"block"`
}

type Book struct {
	ID        uint
	AuthorID  uint
	Title     string
	DeletedAt gorm.DeletedAt
	Pages     []Page  `softdelete:"cascade"`
	Genres    []Genre `gorm:"many2many:book_genres" softdelete:"cascade"`
}

type Genre struct {
	ID   uint
	Name string
}

// BookGenre is a link that is marked when it is removed.
type BookGenre struct {
	BookID    uint `gorm:"primaryKey"`
	GenreID   uint `gorm:"primaryKey"`
	DeletedAt gorm.DeletedAt
}

// Page has a hook, so that its rows are loaded.
type Page struct {
	ID        uint
	BookID    uint
	DeletedAt gorm.DeletedAt
}

func (*Page) BeforeDelete(*gorm.DB) error { return nil }

type Award struct {
	ID        uint
	AuthorID  uint
	DeletedAt gorm.DeletedAt
}

// email is a personal value, which no span may show while the plugin finds its rows by key.
const email = "ann@example.com"

// traced is a database with both plugins, registered in one order or the other, and the spans that have ended.
func traced(t *testing.T, database *testdb.Database, tracingFirst bool) (*gorm.DB, *tracetest.SpanRecorder, trace.Tracer) {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	models := []any{&Author{}, &Book{}, &Page{}, &Award{}, &Genre{}, &BookGenre{}}
	plugins := []gorm.Plugin{
		softdelete.New(softdelete.Config{Models: models, Ledger: true}),
		tracing.NewPlugin(tracing.WithTracerProvider(provider), tracing.WithoutMetrics()),
	}
	if tracingFirst {
		slices.Reverse(plugins)
	}
	db := database.Open(t)
	require.NoError(t, db.SetupJoinTable(&Book{}, "Genres", &BookGenre{}))
	for _, plugin := range plugins {
		require.NoError(t, db.Use(plugin))
	}
	require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), models...)...))
	return db, recorder, provider.Tracer("test")
}

func newAuthor(t *testing.T, db *gorm.DB) *Author {
	t.Helper()
	author := &Author{Email: email, Books: []Book{{Title: "One", Pages: []Page{{}, {}}}, {Title: "Two"}}}
	require.NoError(t, db.Create(author).Error)
	return author
}

// attributeOf gives a span's attribute as text.
func attributeOf(span sdktrace.ReadOnlySpan, key attribute.Key) string {
	for _, kv := range span.Attributes() {
		if kv.Key == key {
			return kv.Value.Emit()
		}
	}
	return ""
}

// requireOneTrace checks that all spans after the first n are under the caller's, and that no personal value is in them.
func requireOneTrace(t *testing.T, recorder *tracetest.SpanRecorder, caller trace.Span, n int) []sdktrace.ReadOnlySpan {
	t.Helper()
	require.Len(t, recorder.Ended(), len(recorder.Started()), "every span has ended")
	ids := map[trace.SpanID]bool{caller.SpanContext().SpanID(): true}
	spans := recorder.Ended()[n:]
	for _, span := range spans {
		ids[span.SpanContext().SpanID()] = true
	}
	for _, span := range spans {
		if span.SpanContext().SpanID() == caller.SpanContext().SpanID() {
			require.Equal(t, "caller", span.Name(), "no plugin writes into the caller's span")
			require.Empty(t, span.Attributes())
			continue
		}
		require.True(t, ids[span.Parent().SpanID()], "%s has the caller's span, or a statement's, as its parent", span.Name())
		if span.Status().Code != codes.Error { // a refused statement has no text
			require.NotEmpty(t, attributeOf(span, "db.query.text"))
		}
		require.NotContains(t, attributeOf(span, "db.query.text")+span.Status().Description, email)
	}
	return spans
}

func each(t *testing.T, run func(t *testing.T, database *testdb.Database, tracingFirst bool)) {
	t.Helper()
	for name, tracingFirst := range map[string]bool{"registered before tracing": false, "registered after tracing": true} {
		t.Run(name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) { run(t, database, tracingFirst) })
		})
	}
}

func TestEveryStatementIsASpanUnderTheCallers(t *testing.T) {
	each(t, func(t *testing.T, database *testdb.Database, tracingFirst bool) {
		db, recorder, tracer := traced(t, database, tracingFirst)
		calls := []struct {
			name string
			do   func(t *testing.T, db *gorm.DB, author *Author) error
			want error
		}{
			{"delete", func(_ *testing.T, db *gorm.DB, author *Author) error { return db.Delete(author).Error }, nil},
			{"restore", func(t *testing.T, db *gorm.DB, author *Author) error {
				require.NoError(t, db.Delete(author).Error)
				_, err := softdelete.Restore(db, author)
				return err
			}, nil},
			{"erasing delete", func(_ *testing.T, db *gorm.DB, author *Author) error { return db.Unscoped().Delete(author).Error }, nil},
			{"refused delete", func(_ *testing.T, db *gorm.DB, author *Author) error {
				return errors.Join(db.Create(&Award{AuthorID: author.ID}).Error, db.Delete(author).Error)
			}, softdelete.ErrBlocked},
		}
		for _, call := range calls {
			for _, within := range []string{"alone", "inside a transaction"} {
				t.Run(call.name+" "+within, func(t *testing.T) {
					t.Cleanup(func() {
						for _, model := range []any{&Award{}, &Author{}} {
							require.NoError(t, db.Session(&gorm.Session{AllowGlobalUpdate: true}).Unscoped().Delete(model).Error)
						}
					})
					author := newAuthor(t, db)
					before := len(recorder.Ended())
					ctx, caller := tracer.Start(t.Context(), "caller")
					session := db.WithContext(ctx)
					var err error
					if within == "alone" {
						err = call.do(t, session, author)
					} else {
						err = session.Transaction(func(tx *gorm.DB) error { return call.do(t, tx, author) })
					}
					require.ErrorIs(t, err, call.want)
					require.True(t, caller.IsRecording(), "the caller's span is the caller's to end")
					caller.End()
					requireOneTrace(t, recorder, caller, before)
				})
			}
		}
	})
}

func TestCascadedStatementsAreChildrenOfTheDeletesSpan(t *testing.T) {
	each(t, func(t *testing.T, database *testdb.Database, tracingFirst bool) {
		db, recorder, tracer := traced(t, database, tracingFirst)
		author := newAuthor(t, db)
		before := len(recorder.Ended())
		ctx, caller := tracer.Start(t.Context(), "caller")
		require.NoError(t, db.WithContext(ctx).Delete(author).Error)
		caller.End()
		spans := requireOneTrace(t, recorder, caller, before)

		// The delete's own span is the caller's child that marks the table of authors.
		var own trace.SpanID
		for _, span := range spans {
			if attributeOf(span, "db.collection.name") == "authors" && attributeOf(span, "db.rows_affected") == "1" &&
				span.Parent().SpanID() == caller.SpanContext().SpanID() && span.Name() != "select authors" {
				own = span.SpanContext().SpanID()
			}
		}
		require.True(t, own.IsValid())
		for _, span := range spans {
			query, operation := attributeOf(span, "db.query.text"), attributeOf(span, "db.operation.name")
			reserves := strings.HasSuffix(query, "WHERE 1 = 0") // SQLite's writer, before the rows are looked at
			if span.SpanContext().SpanID() != own && (operation == "insert" || operation == "update" && !reserves) {
				require.Equal(t, own, span.Parent().SpanID(), query)
			}
		}
	})
}

func TestAStatementThatSavedOrDeletedHasTheCallersContext(t *testing.T) {
	each(t, func(t *testing.T, database *testdb.Database, tracingFirst bool) {
		db, recorder, tracer := traced(t, database, tracingFirst)
		ctx, caller := tracer.Start(t.Context(), "caller")
		session := db.WithContext(ctx)
		author := &Author{Email: email, Books: []Book{{Title: "One", Genres: []Genre{{}}}}}
		for _, tx := range []*gorm.DB{session.Create(author), session.Save(&author.Books[0]), session.Delete(author)} {
			require.NoError(t, tx.Error)
			require.Equal(t, caller, trace.SpanFromContext(tx.Statement.Context))
		}
		caller.End()
		require.Len(t, recorder.Ended(), len(recorder.Started()))
	})
}
