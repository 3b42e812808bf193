package registry

// Closed sets: a code is English and public once served; its labels in each language live in the message catalogs.
// Every set has a list, and a test ranges over the lists, so that a new member can't be half added.

// AgreementKind is the legal form that the source gives an agreement.
type AgreementKind string

const (
	FrameworkAgreement   AgreementKind = "framework_agreement"
	PartnershipAgreement AgreementKind = "partnership_agreement"
	SpecificAgreement    AgreementKind = "specific_agreement"
	ProgrammeContract    AgreementKind = "programme_contract"
	TechnicalAssistance  AgreementKind = "technical_assistance"
	Cooperation          AgreementKind = "cooperation"
	SupportAgreement     AgreementKind = "support_agreement"
	AgreementUnspecified AgreementKind = "agreement" // the source says "agreement" and no more
)

// AgreementKinds lists every kind of agreement.
var AgreementKinds = []AgreementKind{FrameworkAgreement, PartnershipAgreement, SpecificAgreement, ProgrammeContract, TechnicalAssistance, Cooperation, SupportAgreement, AgreementUnspecified}

// Documentation says how the registry knows an agreement.
type Documentation string

const (
	Documented Documentation = "documented" // a source describes it
	Mentioned  Documentation = "mentioned"  // known only by a name in another record
)

// Documentations lists every way of knowing.
var Documentations = []Documentation{Documented, Mentioned}

// Scope is how far an agreement or programme reaches.
type Scope string

const (
	ScopeLocality Scope = "locality"
	ScopeCommune  Scope = "commune"
	ScopeProvince Scope = "province"
	ScopeRegion   Scope = "region"
	ScopeCountry  Scope = "country"
)

// Scopes lists every scope, narrowest first.
var Scopes = []Scope{ScopeLocality, ScopeCommune, ScopeProvince, ScopeRegion, ScopeCountry}

// Role is what a party does in an agreement.
type Role string

const (
	RoleLead           Role = "lead"
	RoleSignatory      Role = "signatory"
	RoleFunder         Role = "funder"
	RoleOperator       Role = "operator"
	RoleDelegatedOwner Role = "delegated_owner"
	RolePartner        Role = "partner"
	RoleLocalPartner   Role = "local_partner"
	RoleBeneficiary    Role = "beneficiary"
	RoleAnnouncer      Role = "announcer"
	RoleChair          Role = "chair"
)

// Roles lists every role.
var Roles = []Role{RoleLead, RoleSignatory, RoleFunder, RoleOperator, RoleDelegatedOwner, RolePartner, RoleLocalPartner, RoleBeneficiary, RoleAnnouncer, RoleChair}

// StepKind is a dated step in the life of an agreement or programme; announced is not signed, signed is not in force.
type StepKind string

const (
	StepAnnounced StepKind = "announced"
	StepApproved  StepKind = "approved"
	StepSigned    StepKind = "signed"
	StepEndorsed  StepKind = "endorsed"
	StepLaunched  StepKind = "launched"
	StepInForce   StepKind = "in_force"
	StepPresented StepKind = "presented"
	StepEnded     StepKind = "ended"
)

// StepKinds lists every step in its usual order.
var StepKinds = []StepKind{StepAnnounced, StepApproved, StepSigned, StepEndorsed, StepLaunched, StepInForce, StepPresented, StepEnded}

// AmendmentKind is what an amendment changes.
type AmendmentKind string

const (
	AmendsAmount         AmendmentKind = "amount"
	AmendsDuration       AmendmentKind = "duration"
	AmendsParty          AmendmentKind = "party"
	AmendsObject         AmendmentKind = "object"
	AmendsTechnical      AmendmentKind = "technical"
	AmendsAdministrative AmendmentKind = "administrative"
)

// AmendmentKinds lists every kind of amendment.
var AmendmentKinds = []AmendmentKind{AmendsAmount, AmendsDuration, AmendsParty, AmendsObject, AmendsTechnical, AmendsAdministrative}

// SiteKind is what stands or will stand on a site.
type SiteKind string

const (
	CraftZone          SiteKind = "craft_zone"
	CraftMarket        SiteKind = "craft_market"
	CraftComplex       SiteKind = "craft_complex"
	ExhibitionSpace    SiteKind = "exhibition_space"
	TrainingCentre     SiteKind = "training_centre"
	SocialEconomyHouse SiteKind = "social_economy_house"
	PublicSpace        SiteKind = "public_space"
	OtherSite          SiteKind = "other"
)

// SiteKinds lists every kind of site.
var SiteKinds = []SiteKind{CraftZone, CraftMarket, CraftComplex, ExhibitionSpace, TrainingCentre, SocialEconomyHouse, PublicSpace, OtherSite}

// SiteStatus is how far a site is.
type SiteStatus string

const (
	StatusAnnounced  SiteStatus = "announced"
	StatusPlanned    SiteStatus = "planned"
	StatusUnderWorks SiteStatus = "under_works"
	StatusOpen       SiteStatus = "open"
	StatusClosed     SiteStatus = "closed"
	StatusUnknown    SiteStatus = "unknown"
)

// SiteStatuses lists every status.
var SiteStatuses = []SiteStatus{StatusAnnounced, StatusPlanned, StatusUnderWorks, StatusOpen, StatusClosed, StatusUnknown}

// Work is what is to be done on a site.
type Work string

const (
	WorkCreation       Work = "creation"
	WorkConstruction   Work = "construction"
	WorkEquipment      Work = "equipment"
	WorkRehabilitation Work = "rehabilitation"
	WorkRestoration    Work = "restoration"
	WorkConnection     Work = "utility_connection"
)

// Works lists every kind of work.
var Works = []Work{WorkCreation, WorkConstruction, WorkEquipment, WorkRehabilitation, WorkRestoration, WorkConnection}

// Utility is a network that a site is joined to.
type Utility string

const (
	Water       Utility = "water"
	Electricity Utility = "electricity"
	Sewerage    Utility = "sewerage"
)

// Utilities lists every network.
var Utilities = []Utility{Water, Electricity, Sewerage}

// Trade is a craft or line of business that a site is for.
type Trade string

const (
	Carpentry     Trade = "carpentry"
	Metalwork     Trade = "metalwork"
	Pottery       Trade = "pottery"
	Jewellery     Trade = "jewellery"
	Carpets       Trade = "carpets"
	Services      Trade = "services"
	LocalProducts Trade = "local_products"
)

// Trades lists every trade.
var Trades = []Trade{Carpentry, Metalwork, Pottery, Jewellery, Carpets, Services, LocalProducts}

// EventKind is what happens, or happened, on a date.
type EventKind string

const (
	EventFair         EventKind = "fair"
	EventVisit        EventKind = "visit"
	EventMeeting      EventKind = "meeting"
	EventLaunch       EventKind = "launch"
	EventPresentation EventKind = "presentation"
	EventFounding     EventKind = "founding"
	EventTraining     EventKind = "training"
	EventAdoption     EventKind = "adoption"
)

// EventKinds lists every kind of event.
var EventKinds = []EventKind{EventFair, EventVisit, EventMeeting, EventLaunch, EventPresentation, EventFounding, EventTraining, EventAdoption}

// Recurrence is how often an event returns.
type Recurrence string

// RecurrenceAnnual is once a year.
const RecurrenceAnnual Recurrence = "annual"

// Recurrences lists every recurrence.
var Recurrences = []Recurrence{RecurrenceAnnual}

// ComponentKind is a part of what an agreement consists of.
type ComponentKind string

const (
	ComponentOutput   ComponentKind = "output"
	ComponentActivity ComponentKind = "activity"
	ComponentProject  ComponentKind = "participatory_project"
)

// ComponentKinds lists every kind of component.
var ComponentKinds = []ComponentKind{ComponentOutput, ComponentActivity, ComponentProject}

// OrganisationKind is what an organisation is.
type OrganisationKind string

const (
	OrgMinistry       OrganisationKind = "ministry"
	OrgAdministration OrganisationKind = "administration"
	OrgCommune        OrganisationKind = "local_authority"
	OrgAgency         OrganisationKind = "agency"
	OrgAssociation    OrganisationKind = "association"
	OrgFederation     OrganisationKind = "federation"
	OrgChamber        OrganisationKind = "chamber"
	OrgInternational  OrganisationKind = "international_organisation"
	OrgFund           OrganisationKind = "fund"
	OrgCompany        OrganisationKind = "company"
	OrgPress          OrganisationKind = "press"
	OrgNetwork        OrganisationKind = "network"
	OrgUnknown        OrganisationKind = "unknown"
)

// OrganisationKinds lists every kind of organisation.
var OrganisationKinds = []OrganisationKind{OrgMinistry, OrgAdministration, OrgCommune, OrgAgency, OrgAssociation, OrgFederation, OrgChamber, OrgInternational, OrgFund, OrgCompany, OrgPress, OrgNetwork, OrgUnknown}

// SourceKind is what a source is.
type SourceKind string

const (
	SourceOfficial    SourceKind = "official"
	SourcePress       SourceKind = "press"
	SourceSlides      SourceKind = "slides"
	SourceProjectPage SourceKind = "project_page"
)

// SourceKinds lists every kind of source.
var SourceKinds = []SourceKind{SourceOfficial, SourcePress, SourceSlides, SourceProjectPage}

// Rights says whether a source's text may be shown once it is attached.
type Rights string

const (
	RightsUnknown  Rights = "unknown"       // nothing is known: not shown
	RightsReserved Rights = "reserved"      // not shown
	RightsOpen     Rights = "open_licence"  // shown
	RightsOfficial Rights = "official_text" // an official text, free of rights by law: shown
)

// RightsList lists every state of rights.
var RightsList = []Rights{RightsUnknown, RightsReserved, RightsOpen, RightsOfficial}

// ShowText reports whether the source's sentences may be shown.
func (r Rights) ShowText() bool { return r == RightsOpen || r == RightsOfficial }

// LocalityKind is a named place smaller than a commune, which the gazetteer doesn't hold.
type LocalityKind string

const (
	LocalityDouar   LocalityKind = "douar"
	LocalityQuarter LocalityKind = "quarter"
	LocalitySquare  LocalityKind = "square"
	LocalityCentre  LocalityKind = "centre"
	LocalityMedina  LocalityKind = "medina"
	LocalityOther   LocalityKind = "other"
)

// LocalityKinds lists every kind of locality.
var LocalityKinds = []LocalityKind{LocalityDouar, LocalityQuarter, LocalitySquare, LocalityCentre, LocalityMedina, LocalityOther}

// Qualifier says how exactly a source states a figure.
type Qualifier string

const (
	Exact   Qualifier = "exact"
	About   Qualifier = "about"
	Nearly  Qualifier = "nearly"
	AtLeast Qualifier = "at_least"
	AtMost  Qualifier = "at_most"
)

// Qualifiers lists every qualifier. Sum tells what becomes of them in a sum.
var Qualifiers = []Qualifier{Exact, Nearly, About, AtLeast, AtMost}

// Unit is what a figure counts.
type Unit string

const (
	Count       Unit = "count"
	SquareMetre Unit = "m2"
	Dirham      Unit = "MAD"
	Euro        Unit = "EUR"
)

// Units lists every unit.
var Units = []Unit{Count, SquareMetre, Dirham, Euro}

// Measure names what a figure outside the fixed fields counts.
type Measure string

const (
	MeasureActions       Measure = "actions"
	MeasureWorkshops     Measure = "workshops"
	MeasureMeetings      Measure = "meetings"
	MeasureBeneficiaries Measure = "beneficiaries"
	MeasureTrained       Measure = "people_trained"
	MeasureCities        Measure = "participating_cities"
	MeasurePilotCommunes Measure = "pilot_communes"
	MeasureCentres       Measure = "centres"
)

// Measures lists every measure.
var Measures = []Measure{MeasureActions, MeasureWorkshops, MeasureMeetings, MeasureBeneficiaries, MeasureTrained, MeasureCities, MeasurePilotCommunes, MeasureCentres}

// TextOrigin says who worded a text.
type TextOrigin string

const (
	OriginPrinted     TextOrigin = "printed"     // as the source prints it
	OriginRegistry    TextOrigin = "registry"    // the registry's own words for what the source says
	OriginTranslation TextOrigin = "translation" // translated by whom Text.By names
)

// TextOrigins lists every origin.
var TextOrigins = []TextOrigin{OriginPrinted, OriginRegistry, OriginTranslation}

// ClosedSets lists every closed set by the name of its type, so that the schema and the catalogs can be checked against all.
var ClosedSets = map[string][]string{
	"AgreementKind":    codes(AgreementKinds),
	"AmendmentKind":    codes(AmendmentKinds),
	"ComponentKind":    codes(ComponentKinds),
	"Documentation":    codes(Documentations),
	"EventKind":        codes(EventKinds),
	"Force":            codes(Forces),
	"LocalityKind":     codes(LocalityKinds),
	"Measure":          codes(Measures),
	"OrganisationKind": codes(OrganisationKinds),
	"PlaceLevel":       codes(PlaceLevels),
	"PlaceMatch":       codes(PlaceMatches),
	"Precision":        codes(Precisions),
	"Qualifier":        codes(Qualifiers),
	"Recurrence":       codes(Recurrences),
	"Rights":           codes(RightsList),
	"Role":             codes(Roles),
	"Scope":            codes(Scopes),
	"SiteKind":         codes(SiteKinds),
	"SiteStatus":       codes(SiteStatuses),
	"SourceKind":       codes(SourceKinds),
	"StepKind":         codes(StepKinds),
	"TextOrigin":       codes(TextOrigins),
	"Trade":            codes(Trades),
	"Type":             codes(Types),
	"Unit":             codes(Units),
	"Utility":          codes(Utilities),
	"Work":             codes(Works),
}

// codes is a closed set as plain strings.
func codes[T ~string](set []T) []string {
	out := make([]string, len(set))
	for i, x := range set {
		out[i] = string(x)
	}
	return out
}
