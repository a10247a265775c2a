// libFuzzer target: the fuzzer's bytes are changes to a file system, which is then used. The first
// byte picks one of the images in the environment's RUNG_EXT2_IMAGES (separated by colons), the
// next eight what is done with it; then come pieces: offset (3 bytes), length (1), bytes.
#include "commands.h"
#include "ext2_exercise.h"

#define IMAGES_MAX 16

static struct {
    char *data;
    size_t size;
} images[IMAGES_MAX];
static unsigned image_count;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void load_all(void)
{
    const char *list = getenv("RUNG_EXT2_IMAGES");
    char *paths = strdup(list ? list : "");

    for (char *path = strtok(paths, ":"); path && image_count < IMAGES_MAX;
         path = strtok(NULL, ":")) {
        FILE *file = fopen(path, "rb");
        if (!file) {
            host_fail("%s: can't be read", path);
        }
        fseek(file, 0, 2);
        images[image_count].size = (size_t)ftell(file);
        rewind(file);
        images[image_count].data = malloc(images[image_count].size);
        if (fread(images[image_count].data, 1, images[image_count].size, file) !=
            images[image_count].size) {
            host_fail("%s: can't be read", path);
        }
        image_count++;
        fclose(file);
    }
    free(paths);
    if (image_count == 0) {
        host_fail("RUNG_EXT2_IMAGES names no image");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char *work;
    uint64_t seed;

    if (image_count == 0) {
        load_all();
    }
    if (size < 9) {
        return 0;
    }
    size_t image_size = images[data[0] % image_count].size;
    memcpy(&seed, data + 1, 8);
    work = realloc(work, image_size);
    memcpy(work, images[data[0] % image_count].data, image_size);
    data += 9;
    size -= 9;
    while (size > 4) {
        size_t offset = (data[0] | data[1] << 8 | (size_t)data[2] << 16) % image_size;
        size_t length = data[3];
        data += 4;
        size -= 4;
        length = length < size ? length : size;
        length = length < image_size - offset ? length : image_size - offset;
        memcpy(work + offset, data, length);
        data += length;
        size -= length;
    }
    exercise(work, image_size, seed);
    return 0;
}
