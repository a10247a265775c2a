// How often each word is in the input: a tree, a list, a sorted array.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 100

struct node {
    char *word;
    int count;
    struct node *left, *right;
};

static int getword(char *word, int limit)
{
    int c;
    char *at = word;
    while (isspace(c = getc(stdin))) {
        ;
    }
    if (c != EOF) {
        *at++ = (char)c;
    }
    if (!isalpha(c)) {
        *at = '\0';
        return c;
    }
    for (; --limit > 1; at++) {
        if (!isalnum(*at = (char)getc(stdin))) {
            ungetc(*at, stdin);
            break;
        }
    }
    *at = '\0';
    return word[0];
}

static struct node *add(struct node *tree, const char *word)
{
    if (tree == NULL) {
        tree = calloc(1, sizeof(struct node));
        tree->word = strdup(word);
        tree->count = 1;
        return tree;
    }
    int order = strcmp(word, tree->word);
    if (order == 0) {
        tree->count++;
    } else if (order < 0) {
        tree->left = add(tree->left, word);
    } else {
        tree->right = add(tree->right, word);
    }
    return tree;
}

static struct node *all[1000];
static size_t count;

static void walk(struct node *tree)
{
    if (tree != NULL) {
        walk(tree->left);
        printf("%4d %s\n", tree->count, tree->word);
        all[count++] = tree;
        walk(tree->right);
    }
}

static int by_count(const void *left, const void *right)
{
    const struct node *a = *(struct node *const *)left, *b = *(struct node *const *)right;
    return a->count != b->count ? b->count - a->count : strcmp(a->word, b->word);
}

int main(void)
{
    char word[WORD_MAX];
    struct node *root = NULL;
    int c;
    if ((c = getchar()) != EOF) {
        ungetc(c, stdin);
    }
    while (getword(word, WORD_MAX) != EOF) {
        if (isalpha(word[0])) {
            for (char *at = word; *at; at++) {
                *at = (char)tolower(*at);
            }
            root = add(root, word);
        }
    }
    walk(root);
    qsort(all, count, sizeof(all[0]), by_count);
    for (size_t i = 0; i < count && i < 3; i++) {
        printf("%zu. %-10s%*d%%\n", i + 1, all[i]->word, 4, all[i]->count * 100 / (int)count);
    }
    return ferror(stdin) ? EXIT_FAILURE : EXIT_SUCCESS;
}
