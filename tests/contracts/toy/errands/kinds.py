"""A paper in a folder: does a model that may look things up and calculate run errands?"""

KINDS = {
    "data.errands": "errands.problems:Errands",
    "toolset.errands": "errands.shop:Shop",
    "toolset.moody": "errands.shop:MoodyShop",
    "policy.shopper": "errands.shopper:Shopper",
}

NAMES = ("errand",)
WORDS = ("errand", "shopper")
