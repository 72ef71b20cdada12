// SPDX-License-Identifier: GPL-2.0
/*
 * offload INTERFACE                 which offloads are on: "rx=1 tx=1 sg=1 ..."
 * offload INTERFACE NAME=0|1 ...    switch them
 *
 * What `ethtool -k` and `-K` do.
 */
#include <err.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static const struct {
	const char *name;
	unsigned int get, set;
} offloads[] = {
	{ "rx", ETHTOOL_GRXCSUM, ETHTOOL_SRXCSUM },
	{ "tx", ETHTOOL_GTXCSUM, ETHTOOL_STXCSUM },
	{ "sg", ETHTOOL_GSG, ETHTOOL_SSG },
	{ "tso", ETHTOOL_GTSO, ETHTOOL_STSO },
	{ "gso", ETHTOOL_GGSO, ETHTOOL_SGSO },
	{ "gro", ETHTOOL_GGRO, ETHTOOL_SGRO },
};

int main(int argc, char **argv)
{
	struct ethtool_value value;
	struct ifreq ifr = { .ifr_data = (void *)&value };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	size_t i;
	int arg;

	if (argc < 2)
		errx(2, "usage: offload INTERFACE [NAME=0|1]...");
	strncpy(ifr.ifr_name, argv[1], IFNAMSIZ - 1);
	for (arg = 2; arg < argc; arg++) {
		size_t len = strcspn(argv[arg], "=");

		for (i = 0; i < sizeof(offloads) / sizeof(*offloads); i++)
			if (strlen(offloads[i].name) == len &&
			    !strncmp(argv[arg], offloads[i].name, len))
				break;
		if (i == sizeof(offloads) / sizeof(*offloads))
			errx(2, "no offload %s", argv[arg]);
		value.cmd = offloads[i].set;
		value.data = argv[arg][len] && argv[arg][len + 1] == '1';
		if (ioctl(fd, SIOCETHTOOL, &ifr))
			err(1, "%s on %s", argv[arg], argv[1]);
	}
	for (i = 0; i < sizeof(offloads) / sizeof(*offloads); i++) {
		value.cmd = offloads[i].get;
		if (ioctl(fd, SIOCETHTOOL, &ifr))
			err(1, "%s of %s", offloads[i].name, argv[1]);
		printf("%s%s=%d", i ? " " : "", offloads[i].name, !!value.data);
	}
	putchar('\n');
	return 0;
}
