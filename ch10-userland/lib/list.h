// Doubly linked circular lists whose nodes sit inside the things listed.
#ifndef RUNG_LIB_LIST_H
#define RUNG_LIB_LIST_H

#include "lib/types.h"

struct list_node {
    struct list_node *next, *previous;
};

// The thing that holds `node` as its member.
#define LIST_ENTRY(node, type, member) ((type *)(void *)((char *)(node) - offsetof(type, member)))

// A head, or a node in no list, points to itself.
static inline void list_init(struct list_node *node)
{
    node->next = node->previous = node;
}

static inline bool list_empty(const struct list_node *head)
{
    return head->next == head;
}

// Inserts a node behind `position` (the head: as the first).
static inline void list_insert(struct list_node *position, struct list_node *node)
{
    node->next = position->next;
    node->previous = position;
    position->next->previous = node;
    position->next = node;
}

static inline void list_append(struct list_node *head, struct list_node *node)
{
    list_insert(head->previous, node);
}

// Takes a node out of its list, in constant time, and leaves it as list_init does.
static inline void list_remove(struct list_node *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    list_init(node);
}

#endif
