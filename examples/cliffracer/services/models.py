"""What the order service is given, as its models say it. The rules are those that Plimsoll's generators keep to."""

from datetime import date, datetime, timezone
from enum import Enum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

CENT = 0.01 + 1e-9
UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"

Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
Amount = Annotated[float, Field(ge=0)]
Price = Annotated[float, Field(gt=0)]


class Anything(BaseModel):
    """A mapping of which nothing is known: Cliffracer wants a model where Python would say `dict`."""

    model_config = ConfigDict(extra="allow")


class OrderStatus(str, Enum):
    pending = "pending"
    processing = "processing"
    shipped = "shipped"
    delivered = "delivered"
    cancelled = "cancelled"
    refunded = "refunded"


class PaymentMethod(str, Enum):
    credit_card = "credit_card"
    debit_card = "debit_card"
    paypal = "paypal"
    bank_transfer = "bank_transfer"
    crypto = "crypto"


class ProductCategory(str, Enum):
    electronics = "electronics"
    clothing = "clothing"
    home_garden = "home_garden"
    books = "books"
    sports = "sports"
    automotive = "automotive"


class Address(BaseModel):
    street_address: str = Field(min_length=5, max_length=200)
    apartment: str | None = Field(None, max_length=50)
    city: str = Field(min_length=2, max_length=100)
    state: str = Field(min_length=2, max_length=50)
    postal_code: str = Field(pattern=r"^\d{5}(-\d{4})?$")
    country: str = Field(min_length=2, max_length=3)
    latitude: float | None = Field(None, ge=-90, le=90)
    longitude: float | None = Field(None, ge=-180, le=180)
    is_residential: bool = True
    delivery_instructions: str | None = Field(None, max_length=500)


def not_in_the_future(born: date) -> date:
    if born > datetime.now(timezone.utc).date():
        raise ValueError("lies in the future")
    return born


class CustomerProfile(BaseModel):
    customer_id: str = Field(min_length=3, max_length=50)
    email: Email
    phone: str = Field(pattern=r"^\+?1?\d{9,15}$")
    first_name: str = Field(min_length=1, max_length=100)
    last_name: str = Field(min_length=1, max_length=100)
    date_of_birth: Annotated[date, AfterValidator(not_in_the_future)] | None = None
    addresses: list[Address] = Field(min_length=1, max_length=10)
    preferred_language: str = Field("en", pattern=r"^[a-z]{2}$")
    marketing_consent: bool = False
    loyalty_tier: str = Field("bronze", pattern=r"^(bronze|silver|gold|platinum)$")
    account_balance: Amount = 0
    preferences: dict[str, Any] = {}


class Dimensions(BaseModel):
    length: Price
    width: Price
    height: Price


class ProductVariant(BaseModel):
    sku: str = Field(min_length=3, max_length=50)
    name: str = Field(min_length=1, max_length=200)
    attributes: dict[str, str] = Field(min_length=1)
    price: Price
    weight_grams: int = Field(ge=1, le=50_000)
    dimensions_cm: Dimensions
    stock_quantity: int = Field(ge=0)
    is_digital: bool = False


class Product(BaseModel):
    product_id: str = Field(min_length=3, max_length=50)
    name: str = Field(min_length=1, max_length=200)
    description: str = Field(min_length=10, max_length=2_000)
    category: ProductCategory
    brand: str = Field(min_length=1, max_length=100)
    variants: list[ProductVariant] = Field(min_length=1, max_length=50)
    tags: list[str] = Field([], max_length=20)
    images: list[str] = Field([], max_length=10)
    reviews_average: float | None = Field(None, ge=0, le=5)
    reviews_count: int = Field(0, ge=0)
    created_at: datetime | None = None
    updated_at: datetime | None = None
    metadata: dict[str, Any] = {}


class OrderItem(BaseModel):
    item_id: str = Field(pattern=UUID)
    product_id: str = Field(min_length=3, max_length=50)
    variant_sku: str = Field(min_length=3, max_length=50)
    quantity: int = Field(ge=1, le=100)
    unit_price: Price
    discount_amount: Amount = 0
    tax_amount: Amount = 0
    total_price: Price
    product_snapshot: Product
    special_instructions: str | None = Field(None, max_length=500)

    @model_validator(mode="after")
    def adds_up(self) -> "OrderItem":
        expected = self.unit_price * self.quantity - self.discount_amount
        if abs(self.total_price - expected) > CENT:
            raise ValueError("total_price is not unit_price × quantity − discount_amount")
        return self


class PaymentDetails(BaseModel):
    payment_id: str = Field(pattern=UUID)
    method: PaymentMethod
    amount: Price
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$")
    transaction_reference: str | None = Field(None, max_length=100)
    processed_at: datetime | None = None
    gateway_response: dict[str, Any] = {}
    card_last_four: str | None = Field(None, pattern=r"^\d{4}$")
    card_brand: str | None = Field(None, max_length=50)
    cardholder_name: str | None = Field(None, max_length=100)
    risk_score: float | None = Field(None, ge=0, le=1)
    fraud_flags: list[str] = []


class ShippingDetails(BaseModel):
    shipping_id: str = Field(min_length=1, max_length=100)
    carrier: str = Field(min_length=1, max_length=100)
    service_level: str = Field(min_length=1, max_length=100)
    tracking_number: str | None = Field(None, max_length=100)
    estimated_delivery: datetime | None = None
    actual_delivery: datetime | None = None
    shipping_address: Address
    cost: Amount
    weight_grams: float = Field(gt=0)
    package_dimensions: dict[str, float] = {}
    insurance_amount: Amount = 0
    signature_required: bool = False


class ComplexOrder(BaseModel):
    order_id: str = Field(pattern=r"^ORD-[0-9A-F]{8}$")
    customer: CustomerProfile
    items: list[OrderItem] = Field(min_length=1, max_length=100)
    status: OrderStatus = OrderStatus.pending
    subtotal: Price
    tax_amount: Amount = 0
    shipping_cost: Amount = 0
    discount_amount: Amount = 0
    total_amount: Price
    payment: PaymentDetails
    shipping: ShippingDetails
    created_at: datetime | None = None
    updated_at: datetime | None = None
    expected_ship_date: datetime | None = None
    source: str = Field("web", max_length=50)
    sales_channel: str = Field("online", max_length=50)
    promotional_codes: list[str] = Field([], max_length=5)
    notes: str | None = Field(None, max_length=1_000)
    internal_notes: str | None = Field(None, max_length=1_000)
    priority_level: int = Field(1, ge=1, le=5)
    requires_approval: bool = False
    fraud_check_passed: bool = True
    metadata: dict[str, Any] = {}

    @model_validator(mode="after")
    def adds_up(self) -> "ComplexOrder":
        if abs(self.subtotal - sum(item.total_price for item in self.items)) > CENT:
            raise ValueError("subtotal is not the sum of the items' total_price")
        expected = self.subtotal + self.tax_amount + self.shipping_cost - self.discount_amount
        if abs(self.total_amount - expected) > CENT:
            raise ValueError("total_amount is not subtotal + tax_amount + shipping_cost − discount_amount")
        if self.total_amount > 10_000 and not self.requires_approval:
            raise ValueError("requires_approval must be true for a total above 10000")
        return self


class AnalyticsEvent(BaseModel):
    event_id: str = Field(pattern=UUID)
    timestamp: datetime | None = None
    event_type: str = Field(min_length=1, max_length=100)
    user_id: str | None = Field(None, max_length=100)
    session_id: str | None = Field(None, max_length=100)
    properties: dict[str, Any] = {}
    context: dict[str, Any] = {}
    source: str = Field(min_length=1, max_length=100)
    version: str = "1.0.0"
    batch_id: str | None = None


class BatchProcessingRequest(BaseModel):
    batch_id: str = Field(min_length=1)
    operation_type: str = Field(min_length=1, max_length=100)
    items: list[dict[str, Any]] = Field(min_length=1, max_length=10_000)
    options: dict[str, Any] = {}
    priority: int = Field(5, ge=1, le=10)
    timeout_seconds: int = Field(300, ge=1, le=3_600)
    callback_url: str | None = None
    metadata: dict[str, Any] = {}


def without_fail(text: str) -> str:
    if "FAIL" in text.upper():
        raise ValueError("must not contain FAIL")
    return text


class ValidationErrorTest(BaseModel):
    required_field: Annotated[str, Field(min_length=10), AfterValidator(without_fail)]
    email_field: Email
    numeric_field: int = Field(ge=100, le=1_000)
    complex_pattern: str = Field(pattern=r"^TEST-\d{4}-[A-Z]{3}$")
