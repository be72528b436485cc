from .header import Header as Header
from .header import read_header as read_header
from .preprocessing import Preprocessing as Preprocessing
from .reading import read_image as read_image
from .reading import read_prepared as read_prepared
