package softdelete

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/cold"
	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/erasure"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/purge"
)

// These tests look at what the root hands over: a field that one side gains and the other has not shows here, where the
// compiler does not see it.

func TestNothingIsLostAtTheBorder(t *testing.T) {
	for name, turned := range map[string][2]any{
		"Report":      borders(reportOf),
		"Certificate": borders(certificateOf),
		"HoldInfo":    borders(holdInfoOf),
		"ErasedTable": borders(erasedTableOf),
		"KeptColumn":  borders(keptColumnOf),
		"PurgeReport": borders(purgeReportOf),
		"ErasurePlan": borders(erasurePlanOf),
		"PurgeOptions": borders(func(o PurgeOptions) purge.Request {
			return o.inner()
		}),
		"BlockedError": borders(func(e fault.Blocked) BlockedError { return *outward(&e).(*BlockedError) }),
		"HeldError":    borders(func(e fault.Held) HeldError { return *outward(&e).(*HeldError) }),
		"ErasedError":  borders(func(e fault.Erased) ErasedError { return *outward(&e).(*ErasedError) }),
		"ParentDeletedError": borders(func(e fault.ParentDeleted) ParentDeletedError {
			return *outward(&e).(*ParentDeletedError)
		}),
		"ConflictError": borders(func(e fault.Conflict) ConflictError { return *outward(&e).(*ConflictError) }),
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, turned[0], turned[1]) })
	}
}

// borders turns a value with something in every field, and gives both sides as plain values.
func borders[From, To any](turn func(From) To) [2]any {
	var from From
	number := 0
	fill(reflect.ValueOf(&from).Elem(), &number)
	return [2]any{plain(reflect.ValueOf(from)), plain(reflect.ValueOf(turn(from)))}
}

// fill puts a value of its own into every field.
func fill(v reflect.Value, number *int) {
	*number++
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(int64(*number), 0).UTC()))
			return
		}
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), number)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), number)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value, number)
		v.SetMapIndex(reflect.ValueOf("key"), value)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), number)
	case reflect.Interface:
		if v.Type() == reflect.TypeFor[error]() {
			v.Set(reflect.ValueOf(fmt.Errorf("error %d", *number)))
			return
		}
		v.Set(reflect.ValueOf(*number))
	case reflect.String:
		v.SetString(fmt.Sprint("text ", *number))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*number))
	case reflect.Func:
		v.Set(reflect.MakeFunc(v.Type(), func([]reflect.Value) []reflect.Value { return nil }))
	default:
		panic("fill: " + v.Type().String())
	}
}

// plain is a value without the names of its types.
func plain(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return v.Interface()
		}
		fields := map[string]any{}
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				fields[field.Name] = plain(v.Field(i))
			} else if field.Name == "building" {
				fields["Building"] = v.Field(i).Bool()
			} // the texts of the other errors are compared where these are made
		}
		return fields
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plain(v.Index(i))
		}
		return list
	case reflect.Map:
		fields := map[string]any{}
		for _, key := range v.MapKeys() {
			fields[key.String()] = plain(v.MapIndex(key))
		}
		return fields
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return plain(v.Elem())
	case reflect.String:
		return v.String()
	case reflect.Func:
		return !v.IsNil()
	case reflect.Int, reflect.Int64:
		return v.Int()
	}
	return v.Interface()
}

// fieldErrors is an error that cannot be compared, as those of validators are.
type fieldErrors []string

func (e fieldErrors) Error() string { return fmt.Sprint([]string(e)) }

// marked is an error of an application around another.
type marked struct{ cause error }

func (e *marked) Error() string { return "marked: " + e.cause.Error() }
func (e *marked) Unwrap() error { return e.cause }

func TestErrorsGoOutAsTheTypesOfTheFace(t *testing.T) {
	cause := errors.New("of the database")
	blocked := &fault.Blocked{Blockers: []fault.Blocker{{Table: "posts", Relation: "Posts", Rows: 2, Keys: []string{"1", "2"}}}, Cause: cause}
	conflict := &fault.Conflict{Index: "i", Columns: []string{"a", "b"}, LiveKeys: []string{"3"}, Cause: cause, Building: true}
	around := &marked{cause: fmt.Errorf("inside: %w", conflict)}
	for name, err := range map[string]error{
		"plain":   blocked,
		"other":   conflict,
		"wrapped": fmt.Errorf("around: %w", blocked),
		"twice":   fmt.Errorf("around: %w", fmt.Errorf("around: %w", conflict)),
		"joined":  errors.Join(errors.New("first"), blocked, fmt.Errorf("third: %w", conflict)),
		"marked":  around,
		"mixed":   fmt.Errorf("%w and %w, %w", fieldErrors{"x"}, around, blocked),
	} {
		t.Run(name, func(t *testing.T) {
			turned := outward(err)
			require.Equal(t, err.Error(), turned.Error())
			require.ErrorIs(t, turned, cause)
			for _, sentinel := range []error{ErrBlocked, ErrRestoreConflict} {
				require.Equal(t, errors.Is(err, sentinel), errors.Is(turned, sentinel))
			}
			var outer *BlockedError
			if errors.As(turned, &outer) {
				require.Equal(t, &BlockedError{
					Blockers: []Blocker{{Table: "posts", Relation: "Posts", Rows: 2, Keys: []string{"1", "2"}}}, Cause: cause,
				}, outer)
			}
			require.Equal(t, errors.Is(err, ErrBlocked), outer != nil)
			var refused *ConflictError
			require.Equal(t, errors.Is(err, ErrRestoreConflict), errors.As(turned, &refused))
			if refused != nil {
				require.Equal(t, conflict.Error(), refused.Error())
				require.Equal(t, conflict.Columns, refused.Columns)
				require.Equal(t, conflict.LiveKeys, refused.LiveKeys)
			}
			require.Same(t, turned, outward(turned), "nothing is left to turn")
		})
	}
	t.Run("the errors around stay what they are", func(t *testing.T) {
		turned := outward(fmt.Errorf("%w and %w", around, fieldErrors{"x"}))
		var mark *marked
		require.ErrorAs(t, turned, &mark)
		require.Same(t, around, mark)
		require.ErrorIs(t, turned, around)
		var fields fieldErrors
		require.ErrorAs(t, turned, &fields)
	})
	t.Run("errors of others stay as they are", func(t *testing.T) {
		require.NoError(t, outward(nil))
		for _, err := range []error{cause, fmt.Errorf("around: %w", cause), errors.Join(cause, cause)} {
			require.Same(t, err, outward(err))
		}
		require.Equal(t, fieldErrors{"x"}, outward(fieldErrors{"x"}))
		require.Equal(t, errors.Join(fieldErrors{"x"}), outward(errors.Join(fieldErrors{"x"})))
	})
}

// storeOfCalls is a store that notes what it is asked for.
type storeOfCalls struct{ calls []string }

func (s *storeOfCalls) Put(_ context.Context, b ColdBatch) error {
	s.calls = append(s.calls, "put "+b.ID)
	return nil
}

func (s *storeOfCalls) Get(_ context.Context, id string) (ColdBatch, error) {
	s.calls = append(s.calls, "get "+id)
	return ColdBatch{ID: id, Model: "M", Table: "t", Rows: []map[string]any{{"id": int64(1)}}}, nil
}

// rewritingCalls is one that can rewrite, tidyCalls one that tidies too.
type (
	rewritingCalls struct{ *storeOfCalls }
	tidyCalls      struct{ rewritingCalls }
)

func (s rewritingCalls) Batches(_ context.Context, table string) ([]string, error) {
	s.calls = append(s.calls, "batches "+table)
	return []string{"one"}, nil
}

func (s rewritingCalls) Replace(_ context.Context, b ColdBatch) error {
	s.calls = append(s.calls, "replace "+b.ID)
	return nil
}

func (s tidyCalls) Tidy(context.Context) (int, error) {
	s.calls = append(s.calls, "tidy")
	return 3, nil
}

func TestAColdStoreKeepsItsOptionalMethods(t *testing.T) {
	noted := &storeOfCalls{}
	require.Nil(t, innerStore(nil))

	plain := innerStore(noted)
	_, rewrites := plain.(cold.Rewriter)
	require.False(t, rewrites, "what a caller's store cannot do is not promised")

	rewriter, ok := innerStore(rewritingCalls{noted}).(cold.Rewriter)
	require.True(t, ok)
	_, tidies := rewriter.(cold.Tidier)
	require.False(t, tidies)

	store := innerStore(tidyCalls{rewritingCalls{noted}})
	rewriter, ok = store.(cold.Rewriter)
	require.True(t, ok)
	tidying, ok := store.(cold.Tidier)
	require.True(t, ok)

	batch, err := rewriter.Get(t.Context(), "b")
	require.NoError(t, err)
	require.Equal(t, cold.Batch{ID: "b", Model: "M", Table: "t", Rows: []map[string]any{{"id": int64(1)}}}, batch)
	require.NoError(t, rewriter.Put(t.Context(), batch))
	require.NoError(t, rewriter.Replace(t.Context(), batch))
	ids, err := rewriter.Batches(t.Context(), "t")
	require.NoError(t, err)
	require.Equal(t, []string{"one"}, ids)
	spared, err := tidying.Tidy(t.Context())
	require.NoError(t, err)
	require.Equal(t, 3, spared)
	require.Equal(t, []string{"get b", "put b", "replace b", "batches t", "tidy"}, noted.calls)

	t.Run("a store in a directory has all of them", func(t *testing.T) {
		dir, err := DirColdStore(t.TempDir())
		require.NoError(t, err)
		_, rewrites := dir.(ColdRewriter)
		require.True(t, rewrites)
		_, rewrites = innerStore(dir).(cold.Rewriter)
		require.True(t, rewrites)
		_, tidies := innerStore(dir).(cold.Tidier)
		require.True(t, tidies)
	})
}

// processorOfCalls is a processor that notes the last subject.
type processorOfCalls struct{ last ErasedSubject }

func (*processorOfCalls) Name() string { return "mail" }

func (p *processorOfCalls) Erase(_ context.Context, s ErasedSubject) error {
	p.last = s
	return nil
}

func TestTheSignatureHeaderIsTheWebhooks(t *testing.T) {
	require.Equal(t, certificate.SignatureHeader, SignatureHeader)
}

func TestTheConfigurationReachesTheInternalsWhole(t *testing.T) {
	store, err := DirColdStore(t.TempDir())
	require.NoError(t, err)
	ledger, err := FileLedger(filepath.Join(t.TempDir(), "ledger"))
	require.NoError(t, err)
	processor := &processorOfCalls{}
	config := Config{
		Models: []any{1}, MaxRows: 2, Ledger: true, Holds: true, KeepUnique: true, ColdStore: store, Processors: []Processor{processor}, ErasureLedger: ledger,
		Maskers:      map[string]Masker{"m": func(context.Context, any) (any, error) { return nil, nil }},
		ErasureBatch: 3, CertificateKey: make(ed25519.PrivateKey, ed25519.PrivateKeySize),
		TenantRetention: func(_ context.Context, model string, tenant any) (Retention, bool) {
			return Retention{Keep: model, Then: tenant.(string)}, true
		},
	}
	d := newDatabase(&config, nil, &sync.Mutex{}, &deletion.Instants{})
	for _, side := range []any{config, d.deleter.Options, d.restorer.Options, d.chain.Options, d.eraser.Options, d.purger.Options} {
		for i, v := 0, reflect.ValueOf(side); i < v.NumField(); i++ {
			require.False(t, v.Field(i).IsZero(), "%T: %s", side, v.Type().Field(i).Name)
		}
	}
	require.True(t, d.holds.Required)
	require.True(t, d.registry.KeepUnique)
	require.Equal(t, config.Models, d.registry.Named())
	r, ok := d.purger.TenantRetention(t.Context(), "90d", "erase")
	require.True(t, ok)
	require.Equal(t, purge.Retention{Keep: "90d", Then: "erase"}, r)

	subject := certificate.ErasedSubject{RequestID: "r", Table: "t", Key: "1"}
	require.Equal(t, "mail", d.chain.Processors[0].Name())
	require.NoError(t, d.chain.Processors[0].Erase(t.Context(), subject))
	require.Equal(t, ErasedSubject(subject), processor.last)

	entry := certificate.LedgerEntry{RequestID: "r", Table: "t", Key: "1", Parts: "p", Identity: "i", Done: true}
	require.NoError(t, d.eraser.Ledger.Append(t.Context(), entry))
	entries, err := ledger.Entries(t.Context())
	require.NoError(t, err)
	require.Equal(t, []LedgerEntry{LedgerEntry(entry)}, entries)
	again, err := d.eraser.Ledger.Entries(t.Context())
	require.NoError(t, err)
	require.Equal(t, []certificate.LedgerEntry{entry}, again)

	none := newDatabase(&Config{}, nil, &sync.Mutex{}, &deletion.Instants{})
	require.Equal(t, certificate.Options{}, none.chain.Options, "what is not there stays nil")
	require.Equal(t, erasure.Options{}, none.eraser.Options)
	require.Equal(t, purge.Options{}, none.purger.Options)
}
