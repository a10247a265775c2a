#include "kernel/fs/lock.h"

#include "kernel/cpu/cpu.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/user_pages.h"
#include "kernel/sync/wait.h"
#include "lib/errno.h"

#define LOCKS_MAX 1024 // of all processes; those that are cut in two may come to that

struct held {
    struct list_node node;
    struct file_lock lock;
};

// All locks there are. Changed and read with interrupts off.
static struct list_node locks = {&locks, &locks};
static unsigned lock_count;
static struct wait_queue given_back = {.name = "a file's lock"};

static struct held *next_of(const struct list_node *node)
{
    return node->next == &locks ? NULL : LIST_ENTRY(node->next, struct held, node);
}

// Whether two locks are of the same kind and have bytes in common.
static bool meet(const struct file_lock *a, const struct file_lock *b)
{
    return a->inode == b->inode && a->whole == b->whole && a->start < b->end && b->start < a->end;
}

bool lock_find(const struct file_lock *wanted, struct file_lock *found)
{
    bool stands = false, interrupts = cpu_save_interrupts();
    for (struct held *held = next_of(&locks); held; held = next_of(&held->node)) {
        if (meet(&held->lock, wanted) && held->lock.owner != wanted->owner &&
            (held->lock.exclusive || wanted->exclusive) &&
            (!stands || held->lock.start < found->start)) {
            *found = held->lock;
            stands = true;
        }
    }
    cpu_restore_interrupts(interrupts);
    return stands;
}

static void forget(struct held *held)
{
    list_remove(&held->node);
    kfree(held);
    lock_count--;
}

// Takes bytes away from an owner's locks. One that reaches out on both sides becomes two, the upper
// one of which is *spare.
static void cut(const struct file_lock *lock, struct held **spare)
{
    for (struct held *held = next_of(&locks), *next; held; held = next) {
        next = next_of(&held->node);
        if (held->lock.owner != lock->owner || !meet(&held->lock, lock)) {
            continue;
        }
        if (held->lock.start < lock->start && held->lock.end > lock->end) {
            (*spare)->lock = held->lock;
            (*spare)->lock.start = lock->end;
            list_append(&locks, &(*spare)->node);
            lock_count++;
            *spare = NULL;
        }
        if (held->lock.start < lock->start) {
            held->lock.end = lock->start;
        } else if (held->lock.end > lock->end) {
            held->lock.start = lock->end;
        } else {
            forget(held);
        }
    }
}

// Makes a lock as long as it is with the owner's equal ones that it touches.
static void join(struct file_lock *lock)
{
    for (struct held *held = next_of(&locks); held; held = next_of(&held->node)) {
        struct file_lock *other = &held->lock;
        if (other->owner == lock->owner && other->inode == lock->inode &&
            other->whole == lock->whole && other->exclusive == lock->exclusive &&
            other->start <= lock->end && lock->start <= other->end) {
            lock->start = other->start < lock->start ? other->start : lock->start;
            lock->end = other->end > lock->end ? other->end : lock->end;
        }
    }
}

int lock_set(const struct file_lock *lock, bool take, bool wait)
{
    struct held *fresh = kmalloc(sizeof(*fresh)), *spare = kmalloc(sizeof(*spare));
    struct file_lock other;
    bool full = take && (lock_count >= LOCKS_MAX || user_pages_short());
    int error = !fresh || !spare ? -ENOMEM : full ? -ENOLCK : 0;
    bool interrupts = cpu_save_interrupts(); // from the last look to the change

    while (error == 0 && take && lock_find(lock, &other)) {
        unsigned generation = given_back.generation;
        error = wait ? wait_until_interrupted(&given_back, given_back.generation != generation)
                     : -EAGAIN;
    }
    if (error == 0) {
        fresh->lock = *lock;
        if (take) {
            join(&fresh->lock);
        }
        cut(&fresh->lock, &spare);
        if (take) {
            list_append(&locks, &fresh->node);
            lock_count++;
            fresh = NULL;
        }
        wait_wake_all(&given_back); // also when an exclusive one became a shared one
    }
    cpu_restore_interrupts(interrupts);
    kfree(fresh);
    kfree(spare);
    return error;
}

void lock_drop(const struct inode *inode, const void *owner)
{
    if (list_empty(&locks)) {
        return;
    }
    bool interrupts = cpu_save_interrupts();
    for (struct held *held = next_of(&locks), *next; held; held = next) {
        next = next_of(&held->node);
        if (held->lock.owner == owner && held->lock.inode == inode) {
            forget(held);
        }
    }
    wait_wake_all(&given_back);
    cpu_restore_interrupts(interrupts);
}
