// The journal of ext3 in its own format (JBD, version 2, as Linux's and e2fsprogs' jbd2.h have it):
// changes of metadata are grouped into transactions, each of which happens wholly or not at all.
//
// Data first: a commit writes all dirty data blocks, then the changed metadata blocks into the
// journal, flushes the device, writes the commit block and flushes again. From then on the
// transaction holds. The metadata blocks go to their places later, at any time. A checkpoint writes
// the rest of them, flushes, and only then gives the journal's space free.
//
// Like the cache under it the journal has no lock: the file system's is held. All functions but
// journal_write may sleep.
#ifndef RUNG_KERNEL_FS_JOURNAL_H
#define RUNG_KERNEL_FS_JOURNAL_H

#include "kernel/fs/cache.h"

struct journal;

// Opens the journal that lies in `block_count` blocks of the cache's device, blocks[i] being its
// ith (the array passes to the journal, which frees it by kfree, also on error). 0; -EUCLEAN when
// it is damaged or has fewer than 1024 blocks; -EOPNOTSUPP when it uses a feature that we do not
// know (said on the console); -EIO; -ENOMEM.
int journal_open(struct cache *cache, uint32_t *blocks, uint32_t block_count,
                 struct journal **journal);

// Frees the memory. What was not committed is lost.
void journal_close(struct journal *journal);

// Whether there may be transactions in it that are not in their places.
bool journal_needs_replay(const struct journal *journal);

// Writes all whole transactions of the journal to their places, each block once, leaves out revoked
// ones, flushes, marks the journal empty and flushes. A transaction whose commit block is missing
// or torn, and what is behind it, never happened. valid(context, block) says whether the file
// system has such a block: one that it has not, or that is the journal's own, ends the replay with
// -EUCLEAN, before anything is written. Returns the number of transactions replayed, -EIO,
// -EUCLEAN, -ENOMEM; after an error the journal is as it was, and the cache is to be destroyed. Who
// holds a block or remembers what it said reads it again.
int journal_replay(struct journal *journal, bool (*valid)(void *context, uint32_t block),
                   void *context);

// Begins to use an empty journal: from here on a crash leads to a replay. The file system's own
// mark that it needs recovery is on the disk, flushed, before. checkpointed(context) is called
// after each checkpoint: all changes made before are in their places then.
int journal_start(struct journal *journal, void (*checkpointed)(void *context), void *context);

// A checkpoint, then marks the journal as empty and flushes: the file system can be unmounted. 0,
// -EIO, -EROFS.
int journal_stop(struct journal *journal);

// Makes sure that the running transaction can take `blocks` more metadata blocks, committing it
// first if not: so call it between operations, when the file system is consistent. One operation
// may take at most journal_limit() blocks: what fits into a quarter of the log, but no more than a
// quarter of the cache. 0; -EIO; -EROFS when the journal was given up. That data could not be
// written, journal_commit tells.
int journal_begin(struct journal *journal, unsigned blocks);
unsigned journal_limit(const struct journal *journal);

// Makes a held buffer, which the caller has changed or is about to change, part of the running
// transaction. ASSERTs that the transaction has room.
void journal_write(struct journal *journal, struct buffer *buffer);

// The metadata block was freed: it need not be written any more. It must not be used for anything
// else before the next checkpoint.
void journal_forget(struct journal *journal, uint32_t block);

// Commits the running transaction, if there is anything in it or any dirty data: when it returns 0
// all changes made so far survive. Where the journal gets half full a checkpoint follows. -EIO when
// data could not be written (they are kept and tried again next time, the transaction commits none
// the less), or the journal could not: then nothing has happened and it can be tried again. But
// when the commit block or a flush fails nobody knows what is on the disk: then the journal is
// given up, with a message, and answers -EROFS from then on. The next mount's replay finds out.
int journal_commit(struct journal *journal);

// Commits, and puts everything into its place. 0, -EIO, -EROFS.
int journal_checkpoint(struct journal *journal);

#endif
