package softdelete

import (
	"context"
	"crypto/ed25519"
	"path/filepath"
	"reflect"
	"sync"
	"testing"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/cold"
	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/erasure"
	"github.com/gorm-softdelete/softdelete/internal/purge"
	"github.com/stretchr/testify/require"
)

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
		Models: []any{1}, MaxRows: 2, Ledger: true, Holds: true, ColdStore: store, Processors: []Processor{processor}, ErasureLedger: ledger,
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
	require.True(t, d.holds.On)
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
