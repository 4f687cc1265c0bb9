// A customer's life with Lago's official JavaScript client, unchanged. Reads the life from the file named first, the address and
// the key of the API from the environment, and prints what it saw as one JSON object.
import { readFileSync } from "node:fs";
import { Client, getLagoError } from "lago-javascript-client";

const life = JSON.parse(readFileSync(process.argv[2], "utf8"));
const lago = Client(process.env.LAGO_KEY, { baseUrl: `${process.env.LAGO_URL}/api/v1` });
const seen = {};

const { data: made } = await lago.billableMetrics.createBillableMetric({ billable_metric: life.metric });
const metricId = made.billable_metric.lago_id;
await lago.taxes.createTax({ tax: life.tax });
const charges = life.charges.map((charge) => ({ ...charge, billable_metric_id: metricId }));
const { data: sold } = await lago.plans.createPlan({ plan: { ...life.plan, charges } });
seen.charge_models = sold.plan.charges.map((charge) => charge.charge_model);
for (const customer of life.customers) await lago.customers.createCustomer({ customer });
const { data: begun } = await lago.subscriptions.createSubscription({ subscription: life.subscription });
seen.status = begun.subscription.status;

await lago.events.createEvent({ event: life.events[0] });
await lago.events.createBatchEvents({ events: life.events.slice(1) });
const { data: found } = await lago.events.findEvent(life.events[0].transaction_id);
seen.event = found.event.properties;
const { external_customer_id: owner, external_id: service } = life.subscription;
const { data: usage } = await lago.customers.findCustomerCurrentUsage(owner, { external_subscription_id: service });
seen.usage = [usage.customer_usage.amount_cents, usage.customer_usage.total_amount_cents];
seen.usage_of_charges = usage.customer_usage.charges_usage.map((charge) => charge.amount_cents);

await lago.coupons.createCoupon({ coupon: life.coupon });
const { data: applied } = await lago.appliedCoupons.applyCoupon({ applied_coupon: { external_customer_id: owner, coupon_code: life.coupon.code } });
seen.coupon = applied.applied_coupon.amount_cents_remaining;
const { data: opened } = await lago.wallets.createWallet({ wallet: { ...life.wallet, external_customer_id: owner } });
const { data: held } = await lago.wallets.findWallet(opened.wallet.lago_id);
seen.wallet = held.wallet.balance_cents;
const { data: previewed } = await lago.invoices.invoicePreview({ customer: { external_id: owner }, subscriptions: { external_ids: [service] } });
seen.preview = previewed.invoice.total_amount_cents;

const { data: ended } = await lago.subscriptions.destroySubscription(service);
seen.ended = ended.subscription.status;
const { data: bills } = await lago.invoices.findAllInvoices({ external_customer_id: owner });
const { data: bill } = await lago.invoices.findInvoice(bills.invoices[0].lago_id);
const amounts = ["fees_amount_cents", "coupons_amount_cents", "taxes_amount_cents", "prepaid_credit_amount_cents", "total_amount_cents"];
seen.bill = amounts.map((name) => bill.invoice[name]);
seen.lines = bill.invoice.fees.map((fee) => fee.amount_cents).sort((one, other) => one - other);

await lago.addOns.createAddOn({ add_on: life.add_on });
const { data: issued } = await lago.invoices.createInvoice({ invoice: { external_customer_id: owner, currency: "EUR", fees: life.one_off_fees } });
seen.one_off = [issued.invoice.status, issued.invoice.total_amount_cents];
const items = [{ fee_id: issued.invoice.fees[0].lago_id, amount_cents: life.note.amount_cents }];
const { data: estimated } = await lago.creditNotes.estimateCreditNote({ credit_note: { invoice_id: issued.invoice.lago_id, items } });
seen.most = estimated.estimated_credit_note.max_creditable_amount_cents;
const parts = { credit_amount_cents: life.note.credit_amount_cents, offset_amount_cents: life.note.offset_amount_cents };
const { data: noted } = await lago.creditNotes.createCreditNote({ credit_note: { invoice_id: issued.invoice.lago_id, reason: "other", items, ...parts } });
seen.note = [noted.credit_note.total_amount_cents, noted.credit_note.balance_amount_cents];

await lago.plans.createPlan({ plan: life.yearly });
await lago.subscriptions.createSubscription({ subscription: life.yearly_subscription });
await lago.subscriptions.destroySubscription(life.yearly_subscription.external_id);
const { data: notes } = await lago.creditNotes.findAllCreditNotes({ external_customer_id: life.yearly_subscription.external_customer_id });
seen.unused = notes.credit_notes.map((note) => note.credit_amount_cents);

async function refusal(call) {
  try {
    await call();
  } catch (error) {
    const told = await getLagoError(error);
    return [told.status, told.code, told.error_details ?? null];
  }
  return "not refused";
}
seen.errors = [
  await refusal(() => lago.plans.findPlan("nothing")),
  await refusal(() => lago.taxes.createTax({ tax: { ...life.tax, code: "" } })),
  await refusal(() => lago.customers.findCustomerCurrentUsage(owner, { external_subscription_id: service })),
];
console.log(JSON.stringify(seen));
